/** Makes the hashes of many leaves together (core/trees/sparse-proof.ts says what they are of). */
import { copyInto, sha256Each } from '../../../core/index.ts'
import type { Leaf } from '../pages/index.ts'

/** What the hash of a leaf is of: this, its position and the hash of its value. */
const LEAF = 0
const LEAF_BYTES = 65

/** Leaves whose messages are laid out at once: they stay in the nearest cache. */
const AT_ONCE = 256

const messages = new Uint8Array(AT_ONCE * LEAF_BYTES).fill(LEAF)
const ends = Array.from({ length: AT_ONCE }, (_, i) => (i + 1) * LEAF_BYTES)

/** Hashes of the values of leaves, 32 bytes each. */
function valueHashes(leaves: readonly Leaf[]): Uint8Array {
  const ends: number[] = []
  let size = 0
  for (const leaf of leaves) ends.push((size += leaf.size - (leaf.heldAt - leaf.at)))
  const values = new Uint8Array(size)
  for (const [i, leaf] of leaves.entries()) {
    const from = ends[i - 1] ?? 0
    copyInto(values, from, leaf.bytes, leaf.heldAt, (ends[i] as number) - from)
  }
  const valuesHashed = sha256Each(values, ends)
  for (const [i, leaf] of leaves.entries()) if (leaf.ownRow) copyInto(valuesHashed, i * 32, leaf.bytes, leaf.heldAt, 32)
  return valuesHashed
}

/** Makes the hashes of leaves, each where it belongs. */
export function hashLeaves(leaves: readonly Leaf[]): void {
  if (leaves.length === 0) return
  const values = valueHashes(leaves)
  for (let first = 0; first < leaves.length; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, leaves.length - first)
    for (let i = 0; i < count; i++) {
      const { bytes, positionAt } = leaves[first + i] as Leaf
      copyInto(messages, i * LEAF_BYTES + 1, bytes, positionAt, 32)
      copyInto(messages, i * LEAF_BYTES + 33, values, (first + i) * 32, 32)
    }
    const hashes = sha256Each(messages, count === AT_ONCE ? ends : ends.slice(0, count))
    for (let i = 0; i < count; i++) {
      const { bytes, hashAt } = leaves[first + i] as Leaf
      copyInto(bytes, hashAt, hashes, i * 32, 32)
    }
  }
}
