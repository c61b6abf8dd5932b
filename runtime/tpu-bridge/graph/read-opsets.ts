/** Versions of operator sets that a model may ask for. */
import { UtnetError } from '../../core/index.ts'
import { fields } from './protobuf.ts'
import { domainOf } from './read-graph.ts'
import { quoted, type ReadBudget } from './read-budget.ts'

/** The newest versions whose operators are known: those that onnxruntime 1.30 takes as released. */
const NEWEST: ReadonlyMap<string, number> = new Map([
  ['', 26],
  ['ai.onnx.ml', 5],
  ['com.microsoft', 1],
  ['ai.utnet', 1],
])

/** OperatorSetIdProto {domain 1, version 2}. */
export function readOpset(bytes: Uint8Array, budget: ReadBudget): readonly [string, number] {
  let domain = ''
  let version = 0
  for (const f of fields(bytes)) {
    if (f.number === 1 && f.wire === 2) domain = domainOf(budget.name(f.bytes))
    else if (f.number === 2 && f.wire === 0) version = f.value
  }
  return [domain, version]
}

/** Throws `model_invalid` naming a version that is not known, or a domain that comes twice with different ones. Domains of the model's own functions may have any. */
export function readOpsets(parts: readonly Uint8Array[], budget: ReadBudget): ReadonlyMap<string, number> {
  const opsets = new Map<string, number>()
  for (const part of parts) {
    const [domain, version] = readOpset(part, budget)
    const newest = NEWEST.get(domain) ?? Number.MAX_SAFE_INTEGER
    const what = domain === '' ? '' : ` of domain ${quoted(domain)}`
    if (version < 1 || version > newest)
      throw new UtnetError('model_invalid', `the model asks for opset ${version}${what}; known are 1 to ${newest}`, {
        hint: `export it with opset ${newest} or older`,
      })
    if ((opsets.get(domain) ?? version) !== version)
      throw new UtnetError('model_invalid', `the model asks for opset ${opsets.get(domain)} and ${version}${what}`)
    opsets.set(domain, version)
  }
  return opsets
}
