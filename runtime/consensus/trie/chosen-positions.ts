/** What the tests of the trie run on: keys at positions of choice, which stand for an attacker who can find any beginning, and the rule in its plainest form. Not part of the trie. */
import { bitAt, EMPTY_TRIE, sha256, trieInnerHash, trieLeafHash, useSha256, useSha256Each, utf8, type TrieProof } from '../../core/index.ts'

const CHOSEN = utf8('position of choice: ')
const KEY_BYTES = CHOSEN.length + 32

const isChosen = (bytes: Uint8Array): boolean => bytes.length === KEY_BYTES && CHOSEN.every((byte, i) => bytes[i] === byte)

/** From now on the hash of a key of choice is the position in it; all other hashes are `plain`, SHA-256. */
export function choosePositions(plain: (bytes: Uint8Array) => Uint8Array): void {
  const of = (bytes: Uint8Array): Uint8Array => (isChosen(bytes) ? bytes.slice(CHOSEN.length) : plain(bytes))
  useSha256(of)
  useSha256Each((messages, ends) => {
    const out = new Uint8Array(ends.length * 32)
    for (const [i, end] of ends.entries()) out.set(of(messages.subarray(ends[i - 1] ?? 0, end)), i * 32)
    return out
  })
}

/** The key at a position. */
export function keyAt(position: Uint8Array): Uint8Array {
  const key = new Uint8Array(KEY_BYTES)
  key.set(CHOSEN)
  key.set(position, CHOSEN.length)
  return key
}

/** A position with `count` bits from `depth` on set to a number, the most significant first. */
export function withBits(position: Uint8Array, depth: number, count: number, bits: number): Uint8Array {
  const out = position.slice()
  for (let i = 0; i < count; i++) {
    const at = depth + i
    const bit = 0x80 >> (at & 7)
    const byte = out[at >> 3] as number
    out[at >> 3] = ((bits >> (count - 1 - i)) & 1) === 1 ? byte | bit : byte & ~bit
  }
  return out
}

export type Entry = readonly [position: Uint8Array, value: Uint8Array]

/** Split by bits until one leaf is alone. Nothing in common with the pages. */
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
