/** One operator of a run checked: its committed inputs fetched, run again, and the outputs compared by the class of the arithmetic that made them. */
import {
  isUtnetError,
  tensorRoot,
  UtnetError,
  type CID,
  type Commitment,
  type ComparisonClass,
  type OperatorRunner,
  type ReexecEvidence,
  type Tensor,
  type TraceEntry,
  type CheckResult,
} from '../core/index.ts'
import { boundFor, firstOut, type Bound } from './bounds/index.ts'
import { arithmeticOf, classOf } from './claim.ts'
import { chunkOf, rootOfLeaved, chunkFits, type Leaved } from './opening.ts'
import type { Outline, Segment } from './outline.ts'

/** Fetches the whole of a value that the prover revealed; by its root, from whoever has it. */
export type Fetch = (name: string, root: Uint8Array) => Promise<Tensor>

/** Which operator is run again, and from what. */
export interface Reexecution {
  readonly outline: Outline
  readonly commitment: Commitment
  /** The values of the entry's segment, as `checkReveal` gives them. */
  readonly values: ReadonlyMap<string, Leaved>
  readonly entry: number
  readonly fetch: Fetch
  readonly runner: OperatorRunner
}

/** What the comparison found, with its evidence. */
export interface Checked {
  readonly class: ComparisonClass
  readonly result: CheckResult
  readonly evidence: ReexecEvidence
}

/** A value of the run, fetched; undefined for constants and what is left out. Throws `evidence_invalid` where what comes is not what was committed to. */
export async function fetchChecked({ values, fetch }: Pick<Reexecution, 'values' | 'fetch'>, name: string): Promise<Tensor | undefined> {
  const value = values.get(name)
  return value === undefined ? undefined : checkTensor(name, value, await fetch(name, rootOfLeaved(value)))
}

function checkTensor(name: string, value: Leaved, tensor: Tensor): Tensor {
  const fits =
    tensor.dtype === value.dtype &&
    tensor.shape.join() === value.shape.join() &&
    value.leaves.every((_, chunk) => chunkFits(value, chunk, chunkOf(tensor, chunk)))
  if (!fits) throw new UtnetError('evidence_invalid', `what was sent for ${name} is not what was committed to`)
  return tensor
}

/**
 * Runs an entry again from the prover's inputs. Throws `evidence_invalid` where what is fetched was not committed to, and what the runner throws; an operator that
 * stops on those inputs has no right output, and is `different`.
 */
export async function reexecute(asked: Reexecution): Promise<Checked> {
  const { outline, commitment, values, entry: number, runner } = asked
  const entry = outline.trace[number] as TraceEntry
  const take = (name: string): Promise<Tensor | undefined> => fetchChecked(asked, name)
  const root = (name: string): Uint8Array | null => {
    const value = values.get(name)
    return value === undefined ? null : rootOfLeaved(value)
  }
  const operands = await Promise.all(entry.inputs.map(take))
  const theirs = await Promise.all(entry.outputs.map(take))
  let compared = classOf(arithmeticOf(commitment, number))
  let at: readonly [number, number] | null = null
  let computed: readonly (Tensor | undefined)[] = []
  const ran = compared === 'unchecked' ? undefined : await runAgain(runner, outline.model, entry, operands)
  if (ran === 'stopped') at = [entry.outputs.findIndex((name) => name !== ''), 0]
  else if (ran !== undefined) {
    computed = ran.map((t, i) => (entry.outputs[i] === '' ? undefined : t))
    const bounds: (Bound | undefined)[] = await Promise.all(
      computed.map((result, output) =>
        compared === 'exact' || result === undefined
          ? () => 0
          : boundFor({ runner, model: outline.model, entry, operands, result, output, part: undefined }),
      ),
    )
    if (bounds.includes(undefined)) compared = 'unchecked'
    else at = firstDifference(computed, theirs, bounds as readonly Bound[])
  }
  return {
    class: compared,
    result: compared === 'unchecked' ? 'unchecked' : at === null ? 'same' : 'different',
    evidence: {
      kind: 'reexec',
      model: outline.model,
      entry: number,
      operator: entry.operator,
      inputs: entry.inputs.map(root),
      outputs: entry.outputs.map(root),
      arithmetic: runner.arithmetic,
      computed: computed.map((tensor) => (tensor === undefined ? null : tensorRoot(tensor))),
      at,
    },
  }
}

/** All entries of a segment, one after the other: what a prover cannot evade by moving a contradiction to an operator that was not drawn. */
export async function reexecuteSegment(asked: Omit<Reexecution, 'entry'>, { from, to }: Segment): Promise<Checked[]> {
  const checked: Checked[] = []
  for (let entry = from; entry < to; entry++) checked.push(await reexecute({ ...asked, entry }))
  return checked
}

/** What an operator gives, or that it stops on its operands. */
async function runAgain(
  runner: OperatorRunner,
  model: CID,
  { path }: TraceEntry,
  operands: readonly (Tensor | undefined)[],
): Promise<readonly Tensor[] | 'stopped'> {
  try {
    return await runner.run(model, path, operands)
  } catch (thrown) {
    if (isStop(thrown)) return 'stopped'
    throw thrown
  }
}

const STOPS = ['tensor_input', 'tensor_shape', 'tensor_dtype', 'model_invalid', 'guest_trap'] as const

/** Whether an operator stopped on what it was given: then it has no output that could be right. All else that is thrown is a fault of who runs it. */
export const isStop = (thrown: unknown): boolean => STOPS.some((code) => isUtnetError(thrown, code))

function firstDifference(
  computed: readonly (Tensor | undefined)[],
  theirs: readonly (Tensor | undefined)[],
  bounds: readonly Bound[],
): readonly [number, number] | null {
  for (const [output, ours] of computed.entries()) {
    const their = theirs[output]
    if (ours === undefined || their === undefined) continue
    // another type than the operator gives differs from the first element on
    const element =
      ours.dtype !== their.dtype || ours.shape.join() !== their.shape.join() ? 0 : firstOut(ours, their, bounds[output] as Bound)
    if (element !== undefined) return [output, element]
  }
  return null
}
