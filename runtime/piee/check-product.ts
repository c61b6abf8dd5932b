/** One operator of a run checked without running it: an integer product, by Freivalds' method. */
import { encode, type CheckResult, type FreivaldsEvidence, type Tensor, type TraceEntry } from '../core/index.ts'
import { BITS, challengeSeed, checkProduct, REPETITIONS } from './freivalds.ts'
import { integerProducts } from './integer-products.ts'
import { rootOfLeaved } from './opening.ts'
import { fetchChecked, type Reexecution } from './reexecute.ts'

export interface ProductChecked {
  readonly class: 'exact'
  readonly result: Exclude<CheckResult, 'unchecked'>
  readonly evidence: FreivaldsEvidence
}

/**
 * Checks an entry that is a product of integers; undefined for all others. The challenge is drawn from the roots of what went in and came out, which the prover committed to
 * before. Throws `evidence_invalid` where what is fetched was not committed to.
 */
export async function checkIntegerProduct(asked: Reexecution): Promise<ProductChecked | undefined> {
  const { outline, values, entry: number, runner } = asked
  const entry = outline.trace[number] as TraceEntry
  if (entry.operator !== 'MatMulInteger' && entry.operator !== 'ConvInteger') return undefined
  const facts = await runner.node(outline.model, entry.path)
  const given = await Promise.all(entry.inputs.map((name) => fetchChecked(asked, name)))
  const output = await fetchChecked(asked, entry.outputs[0] as string)
  const products =
    output &&
    integerProducts(
      facts,
      given.map((tensor, i): Tensor | undefined => tensor ?? facts.constants[i]),
      output,
    )
  if (products === undefined) return undefined
  const root = (name: string): Uint8Array | null => {
    const value = values.get(name)
    return value === undefined ? null : rootOfLeaved(value)
  }
  const inputs = entry.inputs.map(root)
  const outputs = entry.outputs.map(root)
  const seed = challengeSeed([outline.model, number, inputs, outputs])
  const right = products.every((product, i) => checkProduct(product, challengeSeed([encode([seed, i])])))
  return {
    class: 'exact',
    result: right ? 'same' : 'different',
    evidence: {
      kind: 'freivalds',
      model: outline.model,
      entry: number,
      operator: entry.operator,
      inputs,
      outputs,
      seed,
      repetitions: REPETITIONS,
      bits: BITS,
    },
  }
}
