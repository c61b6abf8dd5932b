/** What a prover shows of one segment: the leaves of all values in it, which its two checkpoints bind it to. */
import {
  asArray,
  asBytes,
  asMap,
  checkpointRoot,
  chunkHashes,
  equalBytes,
  sha256,
  UtnetError,
  type Cbor,
  type CheckpointTensor,
  type Commitment,
  type GraphRun,
  type Tensor,
} from '../core/index.ts'
import { byteLength, leavedCbor, leavedOf, readLeaved, rootOfLeaved, type Leaved } from './opening.ts'
import { segmentOf, type Outline, type Segment } from './outline.ts'

/** Values by their leaves: those that live where the segment begins, in the order of the checkpoint, and each entry's outputs; null for one that the node does not name. */
export interface Reveal {
  readonly live: readonly Leaved[]
  readonly made: readonly (readonly (Leaved | null)[])[]
  /** Data of the graph's inputs where the segment is the first, then of its outputs where it is the last, as far as they live there: a commitment has the sha256 of those. */
  readonly ends: readonly Uint8Array[]
}

/** Names of the values that a reveal of the segment holds. */
function namesOf(
  { trace, live }: Outline,
  { from, to }: Segment,
): { readonly live: readonly string[]; readonly made: readonly (readonly string[])[] } {
  return { live: live(from), made: trace.slice(from, to).map((entry) => entry.outputs) }
}

/** Names of the values whose data stands in `ends`. */
const endsOf = ({ trace, live }: Outline, { from, to }: Segment): readonly string[] => [
  ...(from === 0 ? live(0) : []),
  ...(to === trace.length ? live(to) : []),
]

/** The reveal of a segment of a run. */
export async function revealOf(run: GraphRun, outline: Outline, segment: Segment): Promise<Reveal> {
  const names = namesOf(outline, segment)
  const all = [...names.live, ...names.made.flat().filter((name) => name !== '')]
  const values = await run.values(all)
  const leaved = new Map(all.map((name, i) => [name, leavedOf(values[i] as Tensor)]))
  const data = new Map(all.map((name, i) => [name, (values[i] as Tensor).data]))
  return {
    live: names.live.map((name) => leaved.get(name) as Leaved),
    made: names.made.map((outputs) => outputs.map((name) => (name === '' ? null : (leaved.get(name) as Leaved)))),
    ends: endsOf(outline, segment).map((name) => data.get(name) as Uint8Array),
  }
}

/** The form in which it is hashed and sent. */
export const revealCbor = ({ live, made, ends }: Reveal): Cbor => ({
  live: live.map(leavedCbor),
  made: made.map((outputs) => outputs.map((value) => (value === null ? null : leavedCbor(value)))),
  ends: [...ends],
})

/** A reveal of a decoded value. Throws `core_not_canonical`, `tensor_shape`. */
export function readReveal(value: Cbor | undefined): Reveal {
  const map = asMap(value, ['live', 'made', 'ends'], 'reveal')
  return {
    live: asArray(map['live'], 'live values').map((of) => readLeaved(of, 'live value')),
    made: asArray(map['made'], 'values made').map((outputs) =>
      asArray(outputs, 'outputs').map((of) => (of === null ? null : readLeaved(of, 'output'))),
    ),
    ends: asArray(map['ends'], 'ends').map((data) => asBytes(data, 'end')),
  }
}

const sameType = (a: Leaved, b: Pick<Tensor, 'dtype' | 'shape'> | undefined): boolean =>
  a.dtype === b?.dtype && a.shape.length === b.shape.length && a.shape.every((side, i) => side === b.shape[i])

const broken = (text: string): UtnetError => new UtnetError('evidence_invalid', text)

/**
 * The values of a segment by name, once the reveal is found to be of the shape of the run and bound by the checkpoints (at the ends by the heads of inputs and
 * outputs). Throws `evidence_invalid`.
 */
export function checkReveal(outline: Outline, commitment: Commitment, number: number, reveal: Reveal): ReadonlyMap<string, Leaved> {
  const segment = segmentOf(commitment, number)
  const names = namesOf(outline, segment)
  const values = new Map<string, Leaved>()
  const take = (name: string, value: Leaved): void => {
    if (!sameType(value, outline.types.get(name))) throw broken(`${name} is not of the type that the model gives it`)
    values.set(name, value)
  }
  if (reveal.live.length !== names.live.length)
    throw broken(`${reveal.live.length} values for ${names.live.length} that live in front of the segment`)
  names.live.forEach((name, i) => take(name, reveal.live[i] as Leaved))
  if (reveal.made.length !== names.made.length) throw broken(`${reveal.made.length} entries for a segment of ${names.made.length}`)
  names.made.forEach((outputs, i) => {
    const shown = reveal.made[i] as readonly (Leaved | null)[]
    if (shown.length !== outputs.length || shown.some((value, at) => (value === null) !== (outputs[at] === '')))
      throw broken(`entry ${segment.from + i} does not have the outputs of its node`)
    outputs.forEach((name, at) => name !== '' && take(name, shown[at] as Leaved))
  })
  const ends = endsOf(outline, segment)
  if (reveal.ends.length !== ends.length) throw broken(`${reveal.ends.length} inputs and outputs by their data, not ${ends.length}`)
  const heads = new Map([...commitment.inputs, ...commitment.outputs].map((head) => [head[0], head]))
  ends.forEach((name, i) => {
    const data = reveal.ends[i] as Uint8Array
    const value = values.get(name)
    const leaves = chunkHashes(data)
    if (
      value === undefined ||
      data.length !== byteLength(value) ||
      leaves.length !== value.leaves.length ||
      !leaves.every((leaf, at) => equalBytes(leaf, value.leaves[at] as Uint8Array))
    )
      throw broken(`${name} is not the data that is shown of it`)
    if (!equalBytes(sha256(data), heads.get(name)?.[3] ?? data)) throw broken(`${name} is not what was committed to`)
  })
  for (const [boundary, root] of commitment.checkpoints) {
    if (boundary !== segment.from && boundary !== segment.to) continue
    const live = outline.live(boundary).map((name): CheckpointTensor => {
      const value = values.get(name)
      if (value === undefined) throw broken(`${name} lives behind the segment, but nothing in it makes it`)
      return [name, value.dtype, value.shape, rootOfLeaved(value)]
    })
    if (!equalBytes(checkpointRoot(boundary, live), root))
      throw broken(`the values at entry ${boundary} are not those of the checkpoint there`)
  }
  return values
}
