/** FunctionProto (onnx.proto3): operators that a model defines itself. */
import { UtnetError } from '../../core/index.ts'
import { fields } from './protobuf.ts'
import { domainOf, readAttribute, readNode, type RawAttribute, type RawNode } from './read-graph.ts'
import { readOpset } from './read-opsets.ts'
import { quoted, type ReadBudget } from './read-budget.ts'

export interface ModelFunction {
  readonly name: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Attributes that a call may give, with what they are where it does not; undefined: left out then. */
  readonly attributes: ReadonlyMap<string, RawAttribute | undefined>
  readonly nodes: readonly RawNode[]
}

/** Reads a function; `opsets` are those of the model, whose versions its own must have. */
export function readFunction(bytes: Uint8Array, opsets: ReadonlyMap<string, number>, budget: ReadBudget): ModelFunction {
  budget.object()
  let name = ''
  let domain = ''
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes = new Map<string, RawAttribute | undefined>()
  const nodes: RawNode[] = []
  const own: (readonly [string, number])[] = []
  for (const f of fields(bytes)) {
    if (f.wire !== 2) continue
    if (f.number === 1) name = budget.name(f.bytes)
    else if (f.number === 10) domain = domainOf(budget.name(f.bytes))
    else if (f.number === 4) inputs.push(budget.name(f.bytes))
    else if (f.number === 5) outputs.push(budget.name(f.bytes))
    else if (f.number === 6) attributes.set(budget.name(f.bytes), undefined)
    else if (f.number === 11) attributes.set(...readAttribute(f.bytes, budget))
    else if (f.number === 7) nodes.push(readNode(f.bytes, budget))
    else if (f.number === 9) own.push(readOpset(f.bytes, budget))
  }
  const other = own.find(([of, version]) => opsets.has(of) && opsets.get(of) !== version)
  if (other !== undefined)
    throw new UtnetError(
      'model_invalid',
      `function ${quoted(name)} of the model is written for opset ${other[1]} of ${domainText(other[0])}, the model for ${opsets.get(other[0])}`,
    )
  return { name, domain, inputs, outputs, attributes, nodes }
}

const domainText = (domain: string): string => (domain === '' ? 'ai.onnx' : quoted(domain))
