/** How many hashes a root update makes: counted while it makes them, and as a formula expects them. */
import { createHash } from 'node:crypto'
import { useSha256, useSha256Each, useSha256Pairs } from '../../../runtime/core/index.ts'
import { useNativeHashes } from '../../../runtime/crypto/native.ts'

export interface Hashes {
  /** Hashes of keys and values. */
  readonly plain: number
  readonly leaves: number
  readonly nodes: number
  /** Blocks of 64 bytes that SHA-256 goes through for all of them. */
  readonly compressions: number
}

/** Bytes that the hash of a leaf is of; keys and values here are of other lengths. */
const LEAF_MESSAGE = 65

/** Blocks of a message, with its padding. */
const blocksOf = (length: number): number => (length + 72) >> 6

const sha256 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(bytes).digest())

/** Does some work with hashes that count, and gives what they counted. The native ones are in place again behind it. */
export function counting<T>(work: () => T): readonly [Hashes, T] {
  const made = { plain: 0, leaves: 0, nodes: 0, compressions: 0 }
  const one = (bytes: Uint8Array): Uint8Array => {
    if (bytes.length === LEAF_MESSAGE) made.leaves++
    else made.plain++
    made.compressions += blocksOf(bytes.length)
    return sha256(bytes)
  }
  useSha256(one)
  useSha256Each((messages, ends) => {
    const out = new Uint8Array(ends.length * 32)
    for (const [i, end] of ends.entries()) out.set(one(messages.subarray(ends[i - 1] ?? 0, end)), i * 32)
    return out
  })
  useSha256Pairs((pairs, count, out) => {
    made.nodes += count
    for (let i = 0; i < count; i++) {
      const message = pairs.subarray(i * 64, i * 64 + 64)
      made.compressions += blocksOf(message.length)
      out.set(sha256(message), i * 32)
    }
  })
  try {
    const result = work()
    return [made, result]
  } finally {
    useNativeHashes()
  }
}

/** Depths below which no two of the leaves measured here are expected to meet. */
const DEPTHS = 48

/**
 * Inner nodes that `draws` random changes touch in a binary trie of `accounts` leaves at random positions, as expected: a node at depth d has each leaf below it with
 * q = 2^-d, and each leaf changes with p; it is inner where it has two leaves or more. So it is one that is touched with 1 - (1 - pq)^n - n q (1 - q)^(n - 1) p.
 */
export function expectedNodes(accounts: number, draws: number): number {
  const p = -Math.expm1(draws * Math.log1p(-1 / accounts))
  let sum = 1
  for (let depth = 1; depth < DEPTHS; depth++) {
    const q = 2 ** -depth
    sum += (-Math.expm1(accounts * Math.log1p(-p * q)) - accounts * q * p * Math.exp((accounts - 1) * Math.log1p(-q))) / q
  }
  return sum
}
