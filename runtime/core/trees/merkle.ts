/** Merkle trees in the form of RFC 6962 section 2.1 (RFC 9162 2.1): leaf H(0x00 || data), node H(0x01 || left || right), sha-256. */
import { concatBytes, equalBytes, Messages, sha256 } from '../codec/index.ts'
import { UtnetError } from '../errors.ts'

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

/** Hash of a leaf's data. */
export function leafHash(data: Uint8Array): Uint8Array {
  return sha256(concatBytes(LEAF, data))
}

/** Hash of an inner node. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(NODE, left, right))
}

/** Largest power of two smaller than n (n > 1). */
function split(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

function rootOf(hashes: readonly Uint8Array[], from: number, to: number): Uint8Array {
  if (to - from === 1) return hashes[from] as Uint8Array
  const k = split(to - from)
  return nodeHash(rootOf(hashes, from, from + k), rootOf(hashes, from + k, to))
}

/** Trees so small gain nothing from hashing a level at once. */
const FEW = 4

/** A node's message: its byte, and two hashes. */
const NODE_BYTES = 65

/** Root over leaf data; of no leaves, sha256 of nothing (RFC 6962 2.1). */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length < FEW) return rootOfHashes(leaves.map(leafHash))
  let room = leaves.length
  for (const leaf of leaves) room += leaf.length
  const messages = new Messages(room)
  for (const leaf of leaves) {
    messages.byte(0)
    messages.raw(leaf)
    messages.end()
  }
  return merkleRoots(messages.hash(), [leaves.length])
}

/** Root over leaf hashes: level by level, where one that is left over rises as it is. */
export function rootOfHashes(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return sha256(new Uint8Array(0))
  if (hashes.length < 2 * FEW) return rootOf(hashes, 0, hashes.length).slice()
  const flat = new Uint8Array(hashes.length * 32)
  for (const [i, hash] of hashes.entries()) flat.set(hash, i * 32)
  return merkleRoots(flat, [hashes.length])
}

/** Roots of many trees, 32 bytes each in their order, over leaf hashes that lie one behind another: the first tree has `counts[0]` of them, and so on. */
export function merkleRoots(hashes: Uint8Array, counts: readonly number[]): Uint8Array {
  let level = hashes
  let sizes = [...counts]
  const messages = new Messages((hashes.length >> 6) * NODE_BYTES)
  while (sizes.some((size) => size > 1)) {
    let from = 0
    for (const size of sizes) {
      for (let pair = 0; pair < size >> 1; pair++) {
        messages.byte(1)
        messages.part(level, from + pair * 64, 64)
        messages.end()
      }
      from += size * 32
    }
    level = risen(level, sizes, messages.hash())
    sizes = sizes.map((size) => (size + 1) >> 1)
  }
  return sizes.includes(0) ? withEmpty(level, sizes) : level.slice()
}

/** The next level: the nodes that were made, and behind those of its tree each that is left over. */
function risen(level: Uint8Array, sizes: readonly number[], made: Uint8Array): Uint8Array {
  if (sizes.length === 1 && (sizes[0] as number) % 2 === 0) return made
  const next = new Uint8Array(sizes.reduce((n, size) => n + ((size + 1) >> 1), 0) * 32)
  let from = 0
  let at = 0
  let used = 0
  for (const size of sizes) {
    const length = (size >> 1) * 32
    next.set(made.subarray(used, used + length), at)
    used += length
    at += length
    from += size * 32
    if (size % 2 === 0) continue
    next.set(level.subarray(from - 32, from), at)
    at += 32
  }
  return next
}

/** The roots with that of no leaves where a tree has none. */
function withEmpty(roots: Uint8Array, sizes: readonly number[]): Uint8Array {
  const out = new Uint8Array(sizes.length * 32)
  const empty = sha256(new Uint8Array(0))
  let at = 0
  for (const [i, size] of sizes.entries()) {
    out.set(size === 0 ? empty : roots.subarray(at, at + 32), i * 32)
    at += size * 32
  }
  return out
}

/** Audit path of leaf `index` (RFC 6962 2.1.1), nearest sibling first. `hashes` are leaf hashes. */
export function inclusionPath(hashes: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= hashes.length) {
    throw new UtnetError('core_bad_argument', `leaf ${index} is not in a tree of ${hashes.length}`)
  }
  const path: Uint8Array[] = []
  let from = 0
  let to = hashes.length
  while (to - from > 1) {
    const k = split(to - from)
    if (index < from + k) {
      path.push(rootOf(hashes, from + k, to))
      to = from + k
    } else {
      path.push(rootOf(hashes, from, from + k))
      from += k
    }
  }
  return path.reverse()
}

/** True when the leaf hash is leaf `index` of the tree of `size` leaves with this root (RFC 9162 2.1.3.2). */
export function verifyInclusion(hash: Uint8Array, index: number, size: number, path: readonly Uint8Array[], root: Uint8Array): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size || hash.length !== 32) return false
  let fn = index
  let sn = size - 1
  let r = hash
  for (const p of path) {
    if (sn === 0 || p.length !== 32) return false
    if (fn % 2 === 1 || fn === sn) {
      r = nodeHash(p, r)
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2)
        sn = Math.floor(sn / 2)
      }
    } else {
      r = nodeHash(r, p)
    }
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return sn === 0 && equalBytes(r, root)
}

/**
 * On which sides the siblings of leaf `index` of a tree of `size` stand, as a number: bit i is set where sibling i of its audit path stands left.
 * That is the leaf's index in the full tree with a path of this length, so `verifyInclusion(hash, it, 2 ** path.length, path, root)` holds.
 * Index and size are not: the one step up to the left is leaf 1 of 2, 2 of 3 and 4 of 5, and no root tells them apart.
 */
export function pathSides(index: number, size: number): number {
  let sides = 0
  let from = 0
  let to = size
  while (to - from > 1) {
    const k = split(to - from)
    const right = index >= from + k
    sides = sides * 2 + (right ? 1 : 0)
    if (right) from += k
    else to = from + k
  }
  return sides
}

/** Consistency proof between the trees of the first `size1` and of all leaves (RFC 6962 2.1.2). */
export function consistencyProof(hashes: readonly Uint8Array[], size1: number): Uint8Array[] {
  if (!Number.isSafeInteger(size1) || size1 < 0 || size1 > hashes.length) {
    throw new UtnetError('core_bad_argument', `no tree of ${size1} leaves before one of ${hashes.length}`)
  }
  if (size1 === 0) return []
  const sub = (m: number, from: number, to: number, whole: boolean): Uint8Array[] => {
    if (m === to - from) return whole ? [] : [rootOf(hashes, from, to)]
    const k = split(to - from)
    return m <= k
      ? [...sub(m, from, from + k, whole), rootOf(hashes, from + k, to)]
      : [...sub(m - k, from + k, to, false), rootOf(hashes, from, from + k)]
  }
  return sub(size1, 0, hashes.length, true)
}

/** True when the proof shows that the tree of `size1` leaves is a prefix of that of `size2` (RFC 9162 2.1.4.2). */
export function verifyConsistency(
  size1: number,
  size2: number,
  root1: Uint8Array,
  root2: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(size1) || !Number.isSafeInteger(size2) || size1 < 0 || size1 > size2) return false
  // A proof from the empty tree says nothing about what follows.
  if (size1 === 0) return false
  if (proof.some((p) => p.length !== 32)) return false
  if (size1 === size2) return proof.length === 0 && equalBytes(root1, root2)
  const path = [...proof]
  if (path.length === 0) return false
  let fn = size1 - 1
  let sn = size2 - 1
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  const seed = fn === 0 ? root1 : (path.shift() as Uint8Array)
  let fr = seed
  let sr = seed
  for (const c of path) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(c, fr)
      sr = nodeHash(c, sr)
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2)
        sn = Math.floor(sn / 2)
      }
    } else {
      sr = nodeHash(sr, c)
    }
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return sn === 0 && equalBytes(fr, root1) && equalBytes(sr, root2)
}
