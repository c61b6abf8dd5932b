/**
 * Proofs of the compact sparse Merkle trie. Position = bits of sha256(key), most significant first.
 * Leaf H(0x00 || position || sha256(value)), inner H(left || right), empty = 32 zero bytes; a leaf stands at the first depth where it is alone. What is hashed for a leaf is
 * 65 bytes, for an inner node 64: neither can be shown as the other.
 */
import { asArray, asBytes, asMap, asUint, concatBytes, equalBytes, sha256, type Cbor } from '../codec/index.ts'
import { UtnetError } from '../errors.ts'

/** Root of a trie without keys. */
export const EMPTY_TRIE: Uint8Array = new Uint8Array(32)

const LEAF = Uint8Array.of(0)

/** Hash of a leaf: position (32 bytes) and sha256 of the value. */
export function trieLeafHash(position: Uint8Array, valueHash: Uint8Array): Uint8Array {
  return sha256(concatBytes(LEAF, position, valueHash))
}

/** Hash of an inner node; two empty children are the empty trie. */
export function trieInnerHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(left, right))
}

/** Bit `depth` of a position, the most significant first. */
export function bitAt(position: Uint8Array, depth: number): 0 | 1 {
  return (((position[depth >> 3] as number) >> (7 - (depth & 7))) & 1) as 0 | 1
}

/** The way from the root to a key's leaf, or to the place where it is not. Hashes are 32 bytes. */
export interface TrieProof {
  /** Depth of the place where the walk ended. */
  readonly depth: number
  /** The non-empty siblings from the root down, with the depth of each parent. */
  readonly siblings: readonly { readonly depth: number; readonly hash: Uint8Array }[]
  /** Another key's leaf found at that place (shows absence), or null. */
  readonly other: { readonly position: Uint8Array; readonly valueHash: Uint8Array } | null
}

/** Canonical value of a proof. */
export function trieProofCbor(p: TrieProof): Cbor {
  return {
    depth: p.depth,
    siblings: p.siblings.map((s) => [s.depth, s.hash]),
    other: p.other === null ? null : [p.other.position, p.other.valueHash],
  }
}

/** The proof of a decoded value. */
export function readTrieProof(value: Cbor | undefined): TrieProof {
  const m = asMap(value, ['depth', 'siblings', 'other'], 'trie proof')
  const depth = asUint(m['depth'], 'depth')
  if (depth > 256) throw new UtnetError('core_not_canonical', 'trie proof is deeper than 256')
  let last = -1
  const siblings = asArray(m['siblings'], 'siblings').map((item) => {
    const [d, h] = asArray(item, 'sibling', 2)
    const at = asUint(d, 'sibling depth')
    if (at <= last || at >= depth) throw new UtnetError('core_not_canonical', 'siblings of a trie proof are out of order')
    last = at
    return { depth: at, hash: asBytes(h, 'sibling', 32) }
  })
  const other = m['other'] === null ? null : asArray(m['other'], 'other', 2)
  return {
    depth,
    siblings,
    other: other === null ? null : { position: asBytes(other[0], 'position', 32), valueHash: asBytes(other[1], 'value hash', 32) },
  }
}

/** True when the proof shows that the trie of this root holds `value` under `key`, or holds nothing there when `value` is null. */
export function verifyTrieProof(root: Uint8Array, key: Uint8Array, value: Uint8Array | null, proof: TrieProof): boolean {
  const position = sha256(key)
  let hash: Uint8Array
  if (value !== null) {
    if (proof.other !== null) return false
    hash = trieLeafHash(position, sha256(value))
  } else if (proof.other === null) {
    hash = EMPTY_TRIE
  } else {
    if (equalBytes(proof.other.position, position)) return false
    for (let d = 0; d < proof.depth; d++) if (bitAt(proof.other.position, d) !== bitAt(position, d)) return false
    hash = trieLeafHash(proof.other.position, proof.other.valueHash)
  }
  let next = proof.siblings.length - 1
  for (let d = proof.depth - 1; d >= 0; d--) {
    let sibling = EMPTY_TRIE
    const at = proof.siblings[next]
    if (at !== undefined && at.depth === d) {
      sibling = at.hash
      next--
    }
    hash = bitAt(position, d) === 0 ? trieInnerHash(hash, sibling) : trieInnerHash(sibling, hash)
  }
  return next === -1 && equalBytes(hash, root)
}
