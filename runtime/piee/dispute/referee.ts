/** The end of a dispute: the referee runs the operator that is left, or the part of it that decides, from what was opened. */
import { CHUNK_BYTES, DTYPES, UtnetError, type OperatorPart, type OperatorRunner, type Tensor, type TraceEntry } from '../../core/index.ts'
import { boundFor, outOfBound } from '../bounds/index.ts'
import { boxOfChunks, boxShape, wholeBox, type Chunks, type Leaved } from '../opening.ts'
import type { Outline } from '../outline.ts'
import { isStop } from '../reexecute.ts'
import { classOfEntry, namedOutput, turnOf, type Dispute, type Outcome } from './machine.ts'

/** An operator above this share of the model's cost is run in part, where it can be. */
const LARGE = 100

/** What the referee found. */
export interface Settled {
  readonly outcome: Outcome
  /** What the referee ran; null where it had no need to. */
  readonly ran: {
    readonly entry: number
    readonly output: number
    readonly element: number
    readonly part: boolean
    readonly cost: number
  } | null
}

/** The first element where two chunks differ, by its number in the output. */
export function firstElement(ours: Uint8Array, theirs: Uint8Array, size: number, chunk: number): number {
  let at = 0
  while (at < ours.length && ours[at] === theirs[at]) at++
  return Math.floor((chunk * CHUNK_BYTES + at) / size)
}

/** The part that decides about an element: undefined where the operator is small, or runs whole only. */
export function decidingPart(
  runner: OperatorRunner,
  outline: Outline,
  entry: TraceEntry,
  operands: readonly (Leaved | undefined)[],
  output: number,
  shape: readonly number[],
  element: number,
): Promise<OperatorPart | undefined> {
  if (entry.cost * LARGE <= outline.cost) return Promise.resolve(undefined)
  return runner.part(outline.model, entry.path, operands, output, shape, element)
}

/** Number, within a box, of the element that has `element` in the whole; undefined where the box does not have it. */
function inBox(part: OperatorPart, shape: readonly number[], element: number): number | undefined {
  let rest = element
  const at: number[] = []
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at[axis] = rest % (shape[axis] as number)
    rest = Math.floor(rest / (shape[axis] as number))
  }
  let place = 0
  for (const [axis, [from, to]] of part.box.entries()) {
    const here = at[axis] as number
    if (here < from || here >= to) return undefined
    place = place * (to - from) + here - from
  }
  return place
}

/** Element `at` of a tensor, as bytes. */
const bytesAt = (data: Uint8Array, at: number, size: number): Uint8Array => data.subarray(at * size, (at + 1) * size)

const same = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i])

/**
 * Who lost, once all four messages were sent. Throws `core_bad_argument` before that, and what the runner throws where the fault is the referee's own
 * (a device that fails, an operator that it does not have).
 */
export async function settle(dispute: Dispute, runner: OperatorRunner): Promise<Settled> {
  if (dispute.outcome !== undefined) return { outcome: dispute.outcome, ran: null }
  if (turnOf(dispute) !== undefined) throw new UtnetError('core_bad_argument', 'messages of this dispute are still due')
  const { terms, commitment, naming, opening, values } = dispute as Required<Dispute>
  const { outline } = terms
  const entry = outline.trace[naming.entry] as TraceEntry
  const output = namedOutput(dispute)
  const size = DTYPES[output.dtype]
  const element = naming.data === null ? (naming.element as number) : firstElement(opening.data, naming.data, size, naming.chunk)
  const theirs = bytesAt(opening.data, element - (naming.chunk * CHUNK_BYTES) / size, size)
  const leaved = entry.inputs.map((name) => values.get(name))
  const part = await decidingPart(runner, outline, entry, leaved, naming.output, output.shape, element)
  const ran = { entry: naming.entry, output: naming.output, element, part: part !== undefined, cost: part?.cost ?? entry.cost }
  const end = (losers: Outcome['losers'], reason: Outcome['reason'], detail: string): Settled => ({
    outcome: { losers, reason, detail },
    ran,
  })

  const operands: (Tensor | undefined)[] = []
  for (const [i, value] of leaved.entries()) {
    const box = part === undefined ? value && wholeBox(value.shape) : part.operands[i]
    const tensor = value && box && boxOfChunks(value, box, opening.operands[i] as Chunks)
    if (value !== undefined && box !== undefined && tensor === undefined)
      return end(['prover'], 'inconsistent', `operand ${i} of ${entry.operator} is not opened as far as the referee needs it`)
    operands.push(tensor)
  }
  const where = `element ${element} of output ${naming.output} of ${entry.operator} ${entry.node}`.trimEnd()
  let ours: Tensor
  try {
    const results = await runner.run(outline.model, entry.path, operands, { part })
    ours = results[part === undefined ? naming.output : 0] as Tensor
  } catch (thrown) {
    if (isStop(thrown)) return end(['prover'], 'wrong_output', `${where}: ${(thrown as Error).message}`)
    throw thrown
  }
  const place = part === undefined ? element : inBox(part, output.shape, element)
  const shape = part === undefined ? output.shape : boxShape(part.box)
  if (place === undefined || ours.dtype !== output.dtype || ours.shape.join() !== shape.join())
    throw new UtnetError('node_internal', `the runner gave [${ours.shape.join(',')}] for ${where}`)
  const right = bytesAt(ours.data, place, size)

  if (classOfEntry(commitment, naming.entry) === 'bounded') {
    const bound = await boundFor({ runner, model: outline.model, entry, operands, result: ours, output: naming.output, part })
    if (bound === undefined)
      return end(['challenger'], 'no_difference', `${where}: no bound is known for ${entry.operator}, so nothing is claimed`)
    const out = outOfBound(ours, { dtype: ours.dtype, shape: [1], data: theirs }, bound, place)
    return out
      ? end(['prover'], 'wrong_output', `${where} is out of its bound`)
      : end(['challenger'], 'no_difference', `${where} is within its bound`)
  }
  if (same(right, theirs)) return end(['challenger'], 'no_difference', `${where} is as the prover has it`)
  const claimed = bytesAt(naming.data as Uint8Array, element - (naming.chunk * CHUNK_BYTES) / size, size)
  return same(right, claimed)
    ? end(['prover'], 'wrong_output', `${where} is not what the operator gives`)
    : end(['prover', 'challenger'], 'wrong_output', `${where} is neither what the prover has nor what the challenger says`)
}
