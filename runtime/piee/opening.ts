/** Tensors by their leaves, and parts of them opened chunk by chunk. */
import {
  asArray,
  asBytes,
  asText,
  asUint,
  DTYPES,
  elementCount,
  equalBytes,
  chunkCount,
  chunkHashes,
  CHUNK_BYTES,
  digest,
  encode,
  leafHash,
  rootOfHashes,
  UtnetError,
  type Box,
  type Cbor,
  type Dtype,
  type Tensor,
  type TensorType,
} from '../core/index.ts'

/** A tensor that somebody committed to: its root and, by its leaves, each chunk of it can be checked alone. */
export interface Leaved extends TensorType {
  readonly leaves: readonly Uint8Array[]
}

export const leavedOf = ({ dtype, shape, data }: Tensor): Leaved => ({ dtype, shape, leaves: chunkHashes(data) })

/** Its root: what `tensorRoot` gives for the whole tensor. */
export const rootOfLeaved = ({ dtype, shape, leaves }: Leaved): Uint8Array =>
  digest('tensor', encode([dtype, [...shape], rootOfHashes(leaves)]))

export const leavedCbor = ({ dtype, shape, leaves }: Leaved): Cbor => [dtype, [...shape], [...leaves]]

/** A tensor's type and leaves of a decoded value; throws `core_not_canonical` where there are not as many leaves as the shape has chunks, `tensor_shape`. */
export function readLeaved(value: Cbor | undefined, what: string): Leaved {
  const [dtype, shape, leaves] = asArray(value, what, 3)
  const type = asText(dtype, `dtype of ${what}`)
  if (!Object.hasOwn(DTYPES, type)) throw new UtnetError('core_not_canonical', `${what} has an unknown dtype ${type.slice(0, 40)}`)
  const sides = asArray(shape, `shape of ${what}`).map((side) => asUint(side, `shape of ${what}`))
  const list = asArray(leaves, `leaves of ${what}`, chunkCount(elementCount(sides, what) * DTYPES[type as Dtype]))
  return { dtype: type as Dtype, shape: sides, leaves: list.map((leaf) => asBytes(leaf, `leaf of ${what}`, 32)) }
}

/** The whole of a tensor as a box. */
export const wholeBox = (shape: readonly number[]): Box => shape.map((side) => [0, side] as const)

export const boxShape = (box: Box): number[] => box.map(([from, to]) => to - from)

/** Whether a box lies within a shape. */
const within = (box: Box, shape: readonly number[]): boolean =>
  box.length === shape.length && box.every(([from, to], axis) => from >= 0 && from <= to && to <= (shape[axis] as number))

/** Runs of elements that a box covers, in order: [first, how many]. */
function* runsOf(box: Box, shape: readonly number[]): Generator<readonly [number, number]> {
  if (box.some(([from, to]) => from === to)) return
  // axes that are covered whole at the end make one run with the one in front of them
  let axis = box.length
  let run = 1
  while (axis > 0) {
    const [from, to] = box[axis - 1] as readonly [number, number]
    run *= to - from
    axis--
    if (to - from !== shape[axis]) break
  }
  const inner = shape.slice(axis + 1).reduce((n, side) => n * side, 1)
  const first = axis < box.length ? (box[axis] as readonly [number, number])[0] * inner : 0
  const at = box.slice(0, axis).map(([from]) => from)
  for (;;) {
    let place = 0
    for (let i = 0; i < axis; i++) place = place * (shape[i] as number) + (at[i] as number)
    yield [place * (axis < box.length ? (shape[axis] as number) * inner : 1) + first, run]
    let i = axis - 1
    for (; i >= 0; i--) {
      const [from, to] = box[i] as readonly [number, number]
      const next = (at[i] as number) + 1
      at[i] = next < to ? next : from
      if (next < to) break
    }
    if (i < 0) return
  }
}

/** Numbers of the chunks that hold a box, ascending. */
export function chunksOf({ dtype, shape }: TensorType, box: Box): number[] {
  const chunks = new Set<number>()
  const size = DTYPES[dtype]
  for (const [first, count] of runsOf(box, shape)) {
    const last = Math.floor(((first + count) * size - 1) / CHUNK_BYTES)
    for (let chunk = Math.floor((first * size) / CHUNK_BYTES); chunk <= last; chunk++) chunks.add(chunk)
  }
  return [...chunks].sort((a, b) => a - b)
}

/** The box of a whole tensor. */
export function takeBox(tensor: Tensor, box: Box): Tensor {
  const size = DTYPES[tensor.dtype]
  const shape = boxShape(box)
  const data = new Uint8Array(elementCount(shape, 'box') * size)
  let at = 0
  for (const [first, count] of runsOf(box, tensor.shape)) {
    data.set(tensor.data.subarray(first * size, (first + count) * size), at)
    at += count * size
  }
  return { dtype: tensor.dtype, shape, data }
}

/** Chunks of a tensor that were opened, by their numbers ascending. */
export type Chunks = ReadonlyMap<number, Uint8Array>

export function chunkOf(tensor: Tensor, chunk: number): Uint8Array {
  return tensor.data.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES)
}

/** The chunks of a tensor that hold a box. */
export const openBox = (tensor: Tensor, box: Box): Chunks => new Map(chunksOf(tensor, box).map((chunk) => [chunk, chunkOf(tensor, chunk)]))

export const chunksCbor = (chunks: Chunks): Cbor => [...chunks].map(([chunk, data]) => [chunk, data])

export function readChunks(value: Cbor | undefined, what: string): Chunks {
  const list = asArray(value, what)
  const chunks = new Map<number, Uint8Array>()
  let last = -1
  for (const item of list) {
    const [number, data] = asArray(item, what, 2)
    const chunk = asUint(number, `chunk of ${what}`)
    if (chunk <= last) throw new UtnetError('core_not_canonical', `chunks of ${what} do not ascend`)
    const bytes = asBytes(data, `chunk of ${what}`)
    if (bytes.length > CHUNK_BYTES) throw new UtnetError('core_not_canonical', `a chunk of ${what} has ${bytes.length} bytes`)
    chunks.set((last = chunk), bytes)
  }
  return chunks
}

/** Bytes of the data. */
export const byteLength = ({ dtype, shape }: TensorType): number => elementCount(shape, 'tensor') * DTYPES[dtype]

/** Bytes of chunk `chunk`. */
export const chunkLength = (of: TensorType, chunk: number): number => Math.min(CHUNK_BYTES, byteLength(of) - chunk * CHUNK_BYTES)

/** Whether a chunk is the one that was committed to, and whole. */
export const chunkFits = (of: Leaved, chunk: number, data: Uint8Array): boolean => {
  const leaf = of.leaves[chunk]
  return leaf !== undefined && data.length === chunkLength(of, chunk) && equalBytes(leafHash(data), leaf)
}

/** Whether all chunks are. */
export const chunksFit = (of: Leaved, chunks: Chunks): boolean => [...chunks].every(([chunk, data]) => chunkFits(of, chunk, data))

/** The box of a tensor out of chunks that fit; undefined where one is missing. */
export function boxOfChunks(of: Leaved, box: Box, chunks: Chunks): Tensor | undefined {
  if (!within(box, of.shape)) throw new UtnetError('core_bad_argument', `no box of [${of.shape.join(',')}]`)
  if (chunksOf(of, box).some((chunk) => !chunks.has(chunk))) return undefined
  const size = DTYPES[of.dtype]
  const shape = boxShape(box)
  const data = new Uint8Array(elementCount(shape, 'box') * size)
  let at = 0
  for (const [first, count] of runsOf(box, of.shape)) {
    for (let from = first * size, to = (first + count) * size; from < to;) {
      const chunk = Math.floor(from / CHUNK_BYTES)
      const start = from - chunk * CHUNK_BYTES
      const piece = (chunks.get(chunk) as Uint8Array).subarray(start, start + to - from)
      data.set(piece, at)
      at += piece.length
      from += piece.length
    }
  }
  return { dtype: of.dtype, shape, data }
}
