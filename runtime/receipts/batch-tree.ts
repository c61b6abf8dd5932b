/** The Merkle tree of one batch, all levels at once: the paths of all its receipts for the price of the root. */
import { rootOfHashes } from '../core/index.ts'
import { HashArena, SHA_ROOM } from '../crypto/native.ts'

/** Where an inner node's message stands: 0x01, left, right, room for the padding (RFC 6962 2.1). */
const NODE = 1 + 64 + SHA_ROOM

let arena: HashArena | undefined

/** Hashes of one level, 32 bytes each, and those above it. An odd last one is lifted: the same as splitting at the largest power of two. */
function levelAbove(level: Uint8Array): Uint8Array {
  arena ??= new HashArena()
  const pairs = level.length >> 6
  const out = arena.start + pairs * NODE
  arena.reserve(out + pairs * 32)
  const { bytes } = arena
  for (let i = 0; i < pairs; i++) {
    const at = arena.start + i * NODE
    bytes[at] = 1
    bytes.set(level.subarray(i * 64, i * 64 + 64), at + 1)
    arena.hash(at, 65, out + i * 32)
  }
  arena.run()
  const odd = level.length - pairs * 64
  const above = new Uint8Array(pairs * 32 + odd)
  above.set(bytes.subarray(out, out + pairs * 32))
  if (odd > 0) above.set(level.subarray(pairs * 64), pairs * 32)
  return above
}

export class BatchTree {
  readonly root: Uint8Array
  readonly #levels: Uint8Array[]

  /** The tree over leaf hashes, 32 bytes each, one behind the other. */
  constructor(leaves: Uint8Array) {
    this.#levels = [leaves]
    let level = leaves
    while (level.length > 32) {
      level = levelAbove(level)
      this.#levels.push(level)
    }
    this.root = level.length === 0 ? rootOfHashes([]) : level
  }

  /** Audit path of a leaf, as core's `inclusionPath`. */
  path(index: number): Uint8Array[] {
    const path: Uint8Array[] = []
    let at = index
    for (const level of this.#levels) {
      const sibling = (at ^ 1) * 32
      if (sibling < level.length) path.push(level.subarray(sibling, sibling + 32))
      at >>= 1
    }
    return path
  }

  /** Hashes in the path of a leaf. */
  depth(index: number): number {
    let count = 0
    for (let i = 0, at = index; i < this.#levels.length; i++, at >>= 1) if ((at ^ 1) * 32 < (this.#levels[i] as Uint8Array).length) count++
    return count
  }

  /** Calls `each` with the level and place of every hash in the path of a leaf. */
  walk(index: number, each: (level: Uint8Array, at: number) => void): void {
    for (let i = 0, at = index; i < this.#levels.length; i++, at >>= 1) {
      const level = this.#levels[i] as Uint8Array
      const sibling = (at ^ 1) * 32
      if (sibling < level.length) each(level, sibling)
    }
  }
}
