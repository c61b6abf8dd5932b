/** Makes the hashes of many pages together, a level of the trie at a time (core/sparse-proof.ts says what they are of): four at once where the processor can. */
import { copyInto, sha256Each } from '../../core/index.ts'
import type { Leaf } from './leaf.ts'

/** What the hash of a leaf or an inner node is of: a tag and two hashes. */
const MESSAGE_BYTES = 65

/** A page whose inner nodes are to be hashed. */
export interface ToHash {
  /** True for an inner node that has no hash yet. */
  mustHash(node: number): boolean
  /** Writes the hashes of both children of a node into zeros. */
  putChildren(node: number, out: Uint8Array, at: number): void
  setHash(node: number, hashes: Uint8Array, at: number): void
}

const ENDS: number[] = []

function endsOf(count: number): readonly number[] {
  while (ENDS.length < count) ENDS.push((ENDS.length + 1) * MESSAGE_BYTES)
  return ENDS.length === count ? ENDS : ENDS.slice(0, count)
}

/** Hashes of the values of leaves, 32 bytes each. */
function valueHashes(leaves: readonly Leaf[]): Uint8Array {
  const ends: number[] = []
  let size = 0
  for (const leaf of leaves) ends.push((size += leaf.held.length))
  const values = new Uint8Array(size)
  for (const [i, leaf] of leaves.entries()) values.set(leaf.held, ends[i - 1] ?? 0)
  const hashes = sha256Each(values, ends)
  for (const [i, leaf] of leaves.entries()) if (leaf.ownRow) hashes.set(leaf.held, i * 32)
  return hashes
}

/** Makes the hashes of leaves, each where it belongs. */
export function hashLeaves(leaves: readonly Leaf[]): void {
  if (leaves.length === 0) return
  const values = valueHashes(leaves)
  const messages = new Uint8Array(leaves.length * MESSAGE_BYTES)
  for (let i = 0; i < leaves.length; i++) {
    const at = i * MESSAGE_BYTES
    ;(leaves[i] as Leaf).putPosition(messages, at + 1)
    copyInto(messages, at + 33, values, i * 32, 32)
  }
  const hashes = sha256Each(messages, endsOf(leaves.length))
  for (let i = 0; i < leaves.length; i++) {
    const { bytes, hashAt } = leaves[i] as Leaf
    copyInto(bytes, hashAt, hashes, i * 32, 32)
  }
}

function hashLevel(pages: readonly ToHash[], first: number): void {
  const found: ToHash[] = []
  const nodes: number[] = []
  for (const page of pages) {
    for (let node = first; node < 2 * first; node++) {
      if (!page.mustHash(node)) continue
      found.push(page)
      nodes.push(node)
    }
  }
  if (nodes.length === 0) return
  const messages = new Uint8Array(nodes.length * MESSAGE_BYTES)
  for (let i = 0; i < nodes.length; i++) {
    const at = i * MESSAGE_BYTES
    messages[at] = 1
    ;(found[i] as ToHash).putChildren(nodes[i] as number, messages, at + 1)
  }
  const hashes = sha256Each(messages, endsOf(nodes.length))
  for (let i = 0; i < nodes.length; i++) (found[i] as ToHash).setHash(nodes[i] as number, hashes, i * 32)
}

/** Makes the hashes of the inner nodes of pages of which none lies below another. Those of their slots must be there. */
export function hashNodes(pages: readonly ToHash[]): void {
  for (const first of [8, 4, 2, 1]) hashLevel(pages, first)
}
