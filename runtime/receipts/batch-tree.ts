/** The Merkle tree of one batch, all levels at once: the paths of all its receipts for the price of the root. */
import { nodeHash, rootOfHashes } from '../core/index.ts'

export interface BatchTree {
  readonly root: Uint8Array
  /** Audit path of a leaf, as core's `inclusionPath`. */
  path(index: number): Uint8Array[]
}

/** The tree over leaf hashes (RFC 6962 2.1). Splitting at the largest power of two is the same as pairing by levels and lifting a last odd node. */
export function batchTree(hashes: readonly Uint8Array[]): BatchTree {
  const levels: (readonly Uint8Array[])[] = [hashes]
  for (let level = hashes; level.length > 1; levels.push(level)) {
    const up: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i] as Uint8Array, level[i + 1]]
      up.push(right === undefined ? left : nodeHash(left, right))
    }
    level = up
  }
  return {
    root: levels.at(-1)?.[0] ?? rootOfHashes([]),
    path(index) {
      const path: Uint8Array[] = []
      let at = index
      for (const level of levels) {
        const sibling = level[at ^ 1]
        if (sibling !== undefined) path.push(sibling)
        at >>= 1
      }
      return path
    },
  }
}
