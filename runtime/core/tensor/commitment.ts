/**
 * The commitment of an inference: what ran (model, arithmetic), on what, with what result, and roots of the values at up to 15 checkpoints
 * between, so that a quarrel over the result can be narrowed down. Pure rules: two nodes that run the same model on the same inputs by the
 * same arithmetic write the same bytes. Digests go through `useSha256` of hash.ts: native on nodes, portable in browsers.
 */
import type { CID } from 'multiformats/cid'
import {
  asArray,
  asBytes,
  asCid,
  asMap,
  asText,
  asUint,
  concatBytes,
  decode,
  digest,
  domain,
  encode,
  equalBytes,
  type Cbor,
} from '../codec/index.ts'
import { checkpointBoundaries, checkpointRoot, liveSet, SEGMENTS } from './checkpoints.ts'
import { shown, UtnetError } from '../errors.ts'
import type { GraphRun, TensorType, TraceEntry } from './graph-run.ts'
import { LIMITS } from '../limits.ts'
import { DTYPES, elementCount, tensorHeads, type Dtype, type TensorHead } from './tensor.ts'
import { tensorRoot } from './tensor-root.ts'

/** What the root is made of; roots are 32 bytes. */
export interface Commitment {
  readonly v: 1
  readonly model: CID
  readonly arithmetic: string
  readonly inputs: readonly TensorHead[]
  readonly outputs: readonly TensorHead[]
  /** Length of the trace; 0 where the device told of none. */
  readonly entries: number
  /** Boundary and root, in order. None where the run was not verified. */
  readonly checkpoints: readonly (readonly [boundary: number, root: Uint8Array])[]
  /** Entries that ran by another arithmetic than the rest, in order. */
  readonly exceptions: readonly (readonly [entry: number, arithmetic: string])[]
}

/** The commitment of a run of which no more is known than what went in and came out. */
export function plainCommitment(model: CID, arithmetic: string, inputs: readonly TensorHead[], outputs: readonly TensorHead[]): Commitment {
  return { v: 1, model, arithmetic, inputs, outputs, entries: 0, checkpoints: [], exceptions: [] }
}

const headCbor = ([name, dtype, shape, hash]: TensorHead): Cbor => [name, dtype, [...shape], hash]

/** Canonical bytes. */
export function encodeCommitment(c: Commitment): Uint8Array {
  return encode({
    v: c.v,
    model: c.model,
    arithmetic: c.arithmetic,
    inputs: c.inputs.map(headCbor),
    outputs: c.outputs.map(headCbor),
    entries: c.entries,
    checkpoints: c.checkpoints.map(([boundary, root]) => [boundary, root]),
    exceptions: c.exceptions.map(([entry, arithmetic]) => [entry, arithmetic]),
  })
}

/** The root that receipts carry. */
export function commitmentRoot(commitment: Commitment): Uint8Array {
  return digest('tensor-commitment', encodeCommitment(commitment))
}

/** A file whose sha256 is the commitment's root: how its bytes travel in an opening. */
export function commitmentFile(commitment: Commitment): Uint8Array {
  return concatBytes(domain('tensor-commitment'), encodeCommitment(commitment))
}

/** The commitment in such a file; throws as `decodeCommitment` does, and `core_not_canonical` where it is none. */
export function commitmentOfFile(file: Uint8Array): Commitment {
  const head = domain('tensor-commitment')
  if (!equalBytes(file.subarray(0, head.length), head))
    throw new UtnetError('core_not_canonical', 'the file is no commitment of an inference')
  return decodeCommitment(file.subarray(head.length))
}

function readHeads(value: Cbor | undefined, what: string): TensorHead[] {
  const list = asArray(value, what)
  if (list.length > LIMITS.tensorsPerCall)
    throw new UtnetError('core_not_canonical', `a commitment has at most ${LIMITS.tensorsPerCall} ${what}`)
  return list.map((item) => {
    const [name, type, sides, hash] = asArray(item, what, 4)
    const dtype = asText(type, `dtype of ${what}`) as Dtype
    const shape = asArray(sides, `shape of ${what}`).map((d) => asUint(d, `side of ${what}`))
    if (!Object.hasOwn(DTYPES, dtype)) throw new UtnetError('core_not_canonical', `${what} have no dtype ${dtype}`)
    elementCount(shape, what)
    return [asText(name, `name of ${what}`), dtype, shape, asBytes(hash, `sha256 of ${what}`, 32)]
  })
}

/** Pairs whose first members rise, below `end`. */
function rising<T>(value: Cbor | undefined, what: string, from: number, end: number, read: (second: Cbor | undefined) => T): [number, T][] {
  let least = from
  return asArray(value, what).map((item) => {
    const [first, second] = asArray(item, what, 2)
    const at = asUint(first, what)
    if (at < least || at >= end) throw new UtnetError('core_not_canonical', `${what} do not rise within the trace: ${at}`)
    least = at + 1
    return [at, read(second)]
  })
}

/** The commitment of its bytes; throws `core_not_canonical`, `core_too_large` or `tensor_shape`, naming the field. */
export function decodeCommitment(bytes: Uint8Array): Commitment {
  const map = asMap(
    decode(bytes, 'commitment', LIMITS.commitmentBytes),
    ['v', 'model', 'arithmetic', 'inputs', 'outputs', 'entries', 'checkpoints', 'exceptions'],
    'commitment',
  )
  if (map['v'] !== 1) throw new UtnetError('core_not_canonical', `commitment version ${shown(map['v'])} is not known`)
  const entries = asUint(map['entries'], 'entries')
  if (entries > LIMITS.modelNodes)
    throw new UtnetError('core_not_canonical', `a trace has at most ${LIMITS.modelNodes} entries, not ${entries}`)
  const checkpoints = rising(map['checkpoints'], 'checkpoints', 1, entries, (root) => asBytes(root, 'root of a checkpoint', 32))
  if (checkpoints.length >= SEGMENTS) throw new UtnetError('core_not_canonical', `a commitment has at most ${SEGMENTS - 1} checkpoints`)
  return {
    v: 1,
    model: asCid(map['model'], 'model'),
    arithmetic: asText(map['arithmetic'], 'arithmetic'),
    inputs: readHeads(map['inputs'], 'inputs'),
    outputs: readHeads(map['outputs'], 'outputs'),
    entries,
    checkpoints,
    exceptions: rising(map['exceptions'], 'exceptions', 0, entries, (id) => asText(id, 'arithmetic of an exception')),
  }
}

/** Entries of a trace that ran by another arithmetic than the rest. */
export function exceptionsOf(trace: readonly TraceEntry[]): Commitment['exceptions'] {
  return trace.flatMap(({ arithmetic }, i) => (arithmetic === undefined ? [] : [[i, arithmetic] as const]))
}

const bytesOf = ({ dtype, shape }: TensorType): number => elementCount(shape, 'value') * DTYPES[dtype]

/** The boundaries of a run's checkpoints. */
export function boundariesOf(run: {
  readonly trace: readonly TraceEntry[]
  readonly inputs: readonly (TensorType & { readonly name: string })[]
  readonly outputs: readonly { readonly name: string }[]
}): readonly number[] {
  const bytes = new Map(run.inputs.map((t) => [t.name, bytesOf(t)]))
  for (const { types, outputs } of run.trace) types.forEach((type, i) => bytes.set(outputs[i] as string, bytesOf(type)))
  return checkpointBoundaries(run.trace, namesOf(run.inputs), namesOf(run.outputs), (name) => bytes.get(name) ?? 0)
}

const namesOf = (tensors: readonly { readonly name: string }[]): string[] => tensors.map((t) => t.name)

/** The commitment of a run whose values can be looked at: what a node that ran the model again holds against another's. */
export async function commitRun(run: GraphRun): Promise<Commitment> {
  const { trace, model, arithmetic, inputs, outputs } = run
  const checkpoints: [number, Uint8Array][] = []
  for (const boundary of boundariesOf(run)) {
    const names = liveSet(trace, namesOf(inputs), namesOf(outputs), boundary)
    const values = await run.values(names)
    const tensors = values.map((t, i) => [names[i] as string, t.dtype, t.shape, tensorRoot(t)] as const)
    checkpoints.push([boundary, checkpointRoot(boundary, tensors)])
  }
  const heads = { inputs: tensorHeads(inputs), outputs: tensorHeads(outputs) }
  return { v: 1, model, arithmetic, ...heads, entries: trace.length, checkpoints, exceptions: exceptionsOf(trace) }
}
