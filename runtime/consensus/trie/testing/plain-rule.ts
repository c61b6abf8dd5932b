/** The rule of the trie in its plainest form. Nothing in common with the pages. */
import { bitAt, EMPTY_TRIE, sha256, trieInnerHash, trieLeafHash, type TrieProof } from '../../../core/index.ts'

export type Entry = readonly [position: Uint8Array, value: Uint8Array]

/** Split by bits until one leaf is alone. */
export function plainRoot(entries: readonly Entry[], depth = 0): Uint8Array {
  const first = entries[0]
  if (first === undefined) return EMPTY_TRIE
  if (entries.length === 1) return trieLeafHash(first[0], sha256(first[1]))
  const side = (bit: number): Entry[] => entries.filter(([position]) => bitAt(position, depth) === bit)
  return trieInnerHash(plainRoot(side(0), depth + 1), plainRoot(side(1), depth + 1))
}

/** The proof of what is at a position, by the same rule. */
export function plainProof(entries: readonly Entry[], position: Uint8Array): TrieProof {
  const siblings: { depth: number; hash: Uint8Array }[] = []
  let here = entries
  let depth = 0
  for (; here.length > 1; depth++) {
    const bit = bitAt(position, depth)
    const beside = here.filter(([p]) => bitAt(p, depth) !== bit)
    if (beside.length > 0) siblings.push({ depth, hash: plainRoot(beside, depth + 1) })
    here = here.filter(([p]) => bitAt(p, depth) === bit)
  }
  const [leaf] = here
  const other =
    leaf === undefined || leaf[0].every((byte, i) => byte === position[i]) ? null : { position: leaf[0], valueHash: sha256(leaf[1]) }
  return { depth, siblings, other }
}
