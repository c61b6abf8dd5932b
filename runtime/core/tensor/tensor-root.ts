/** Tensors as they stand in checkpoints: a root over chunks of the data, so that a part of a large one can be shown alone. */
import { digest, encode, equalBytes, sha256 } from '../codec/index.ts'
import { inclusionPath, rootOfHashes, verifyInclusion } from '../trees/index.ts'
import { DTYPES, elementCount, type Dtype, type Tensor } from './tensor.ts'

/** Bytes of a tensor's data in one leaf of its tree. A multiple of every element. */
export const CHUNK_BYTES = 65_536

const LEAF = 0

/** Of one chunk, with the byte in front that makes it a leaf: not copied again and again. */
const leaf = new Uint8Array(CHUNK_BYTES + 1)
/** The same without that byte, behind which nothing would be aligned. */
const aligned = new Uint8Array(CHUNK_BYTES)

/** Number of leaves of so many bytes of data. */
export const chunkCount = (bytes: number): number => Math.ceil(bytes / CHUNK_BYTES)

/** Leaf hash of a chunk (RFC 6962 2.1). `prepare` may change the copy that is hashed, never the data. */
function chunkHash(data: Uint8Array, index: number, prepare?: (chunk: Uint8Array) => void): Uint8Array {
  const chunk = data.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)
  if (prepare === undefined) leaf.set(chunk, 1)
  else {
    const own = aligned.subarray(0, chunk.length)
    own.set(chunk)
    prepare(own)
    leaf.set(own, 1)
  }
  leaf[0] = LEAF
  return sha256(leaf.subarray(0, chunk.length + 1))
}

/** Leaf hashes of a tensor's data, in chunks of `CHUNK_BYTES`; none of no data. */
export function chunkHashes(data: Uint8Array, prepare?: (chunk: Uint8Array) => void): Uint8Array[] {
  return Array.from({ length: chunkCount(data.length) }, (_, i) => chunkHash(data, i, prepare))
}

const rootOf = (dtype: Dtype, shape: readonly number[], tree: Uint8Array): Uint8Array => digest('tensor', encode([dtype, [...shape], tree]))

/** What stands for a tensor in a checkpoint: digest over dtype, shape and the root of the tree over its chunks. `prepare` as in `chunkHashes`. */
export function tensorRoot({ dtype, shape, data }: Tensor, prepare?: (chunk: Uint8Array) => void): Uint8Array {
  return rootOf(dtype, shape, rootOfHashes(chunkHashes(data, prepare)))
}

/** One chunk of a tensor, with what shows that it belongs to the tensor's root. */
export interface ChunkOpening {
  readonly index: number
  readonly data: Uint8Array
  /** Root of the tree over the chunks. */
  readonly tree: Uint8Array
  /** Nearest sibling first. */
  readonly path: readonly Uint8Array[]
}

/** Opens chunk `index`; throws `core_bad_argument` where there is none. */
export function openChunk({ data }: Tensor, index: number): ChunkOpening {
  const hashes = chunkHashes(data)
  const path = inclusionPath(hashes, index)
  return { index, data: data.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES), tree: rootOfHashes(hashes), path }
}

/** True when the chunk is that one of the tensor with this dtype, shape and root; false for whatever else a stranger hands in. */
export function verifyChunk(root: Uint8Array, dtype: Dtype, shape: readonly number[], opening: ChunkOpening): boolean {
  const { index, data, tree, path } = opening
  let bytes: number
  try {
    bytes = elementCount(shape, 'tensor') * DTYPES[dtype]
  } catch {
    return false
  }
  const size = chunkCount(bytes)
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return false
  if (data.length !== Math.min(CHUNK_BYTES, bytes - index * CHUNK_BYTES)) return false
  return verifyInclusion(chunkHash(data, 0), index, size, path, tree) && equalBytes(rootOf(dtype, shape, tree), root)
}
