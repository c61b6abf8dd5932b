/** Where a trace is cut: the boundaries whose values are committed to. The same on every node, for it is a rule over costs and sizes alone. */
import { digest, encode } from '../codec/index.ts'
import { UtnetError } from '../errors.ts'
import type { TraceEntry } from './graph-run.ts'
import type { Dtype } from './tensor.ts'

/** A model is cut into so many segments at most. */
export const SEGMENTS = 16

/** What of a trace the rules of checkpoints look at. */
export type CostedEntry = Pick<TraceEntry, 'inputs' | 'outputs' | 'cost'>

/** Names of the values that are live before entry `boundary`: made before it or inputs of the graph, and taken from it on or outputs of the graph. In order of first appearance. */
export function liveSet(
  trace: readonly CostedEntry[],
  inputs: readonly string[],
  outputs: readonly string[],
  boundary: number,
): readonly string[] {
  const wanted = new Set(outputs)
  for (let i = boundary; i < trace.length; i++) for (const name of (trace[i] as CostedEntry).inputs) wanted.add(name)
  const made = new Set<string>()
  for (const name of inputs) if (wanted.has(name)) made.add(name)
  for (let i = 0; i < boundary; i++)
    for (const name of (trace[i] as CostedEntry).outputs) if (name !== '' && wanted.has(name)) made.add(name)
  return [...made]
}

/** Bytes of the live set of every boundary, 0 to the trace's length. */
function liveBytes(
  trace: readonly CostedEntry[],
  inputs: readonly string[],
  outputs: readonly string[],
  bytesOf: (name: string) => number,
): number[] {
  const first = new Map<string, number>()
  const last = new Map<string, number>()
  for (const name of inputs) if (!first.has(name)) first.set(name, 0)
  trace.forEach((entry, i) => {
    for (const name of entry.inputs) last.set(name, i)
    for (const name of entry.outputs) if (name !== '' && !first.has(name)) first.set(name, i + 1)
  })
  for (const name of outputs) last.set(name, trace.length)
  // live at boundaries first .. last
  const change = new Float64Array(trace.length + 2)
  for (const [name, from] of first) {
    const to = last.get(name)
    if (to === undefined || to < from) continue
    const bytes = bytesOf(name)
    change[from] = (change[from] as number) + bytes
    change[to + 1] = (change[to + 1] as number) - bytes
  }
  let bytes = 0
  return Array.from(trace, (_, k) => (bytes += change[k] as number))
}

/**
 * Boundaries of the checkpoints: with C the cost of the whole trace, for i of 1 to 15 the boundary behind more than (i-1/2) and at most (i+1/2)
 * sixteenths of C whose live set has the fewest bytes, the first of equals; none where no boundary lies there. `bytesOf` gives the bytes of a
 * value that an entry makes or the graph takes.
 */
export function checkpointBoundaries(
  trace: readonly CostedEntry[],
  inputs: readonly string[],
  outputs: readonly string[],
  bytesOf: (name: string) => number,
): readonly number[] {
  let total = 0
  for (const { cost } of trace) {
    if (!Number.isSafeInteger(cost) || cost < 0) throw new UtnetError('core_bad_argument', 'the cost of an operator is an unsigned integer')
    total += cost
  }
  if (total * 2 * SEGMENTS > Number.MAX_SAFE_INTEGER)
    throw new UtnetError('core_bad_argument', `the cost of the model is too large: ${total}`)
  const live = liveBytes(trace, inputs, outputs, bytesOf)
  const best = Array.from({ length: SEGMENTS }, () => 0)
  let before = 0
  for (let k = 1; k < trace.length; k++) {
    before += (trace[k - 1] as CostedEntry).cost
    // (2i - 1) C < 32 before <= (2i + 1) C
    const i = total === 0 ? 0 : Math.ceil((2 * SEGMENTS * before - total) / (2 * total))
    if (i < 1 || i >= SEGMENTS) continue
    if (best[i] === 0 || (live[k] as number) < (live[best[i] as number] as number)) best[i] = k
  }
  return best.filter((k) => k > 0)
}

/** A value at a checkpoint. */
export type CheckpointTensor = readonly [name: string, dtype: Dtype, shape: readonly number[], root: Uint8Array]

/** Root of the checkpoint before entry `boundary`: digest over it and the values that are live there, in order of first appearance. */
export function checkpointRoot(boundary: number, tensors: readonly CheckpointTensor[]): Uint8Array {
  return digest('checkpoint', encode([boundary, tensors.map(([name, dtype, shape, root]) => [name, dtype, [...shape], root])]))
}
