/** Makes many hashes of the trie together (core/sparse-proof.ts says what they are of): four at once where the processor can. */
import { copyInto, sha256Each, sha256Pairs } from '../../core/index.ts'
import type { Leaf } from './leaf.ts'

/** What the hash of a leaf or an inner node is of: one of these, and two hashes. */
const LEAF = 0
const INNER = 1

/** Pairs that are laid out at once: they and their hashes stay in the nearest cache. */
const AT_ONCE = 256
/** Words of a hash. */
const WORDS = 8

const pairs = new Uint8Array(AT_ONCE * 64)
const pairWords = new Uint32Array(pairs.buffer)
const hashes = new Uint8Array(AT_ONCE * 32)
const hashWords = new Uint32Array(hashes.buffer)

/** The two memories that were used last, in words: a hash is copied by these in a quarter of the time. All hashes lie at whole words of their memory. */
let lastBytes: Uint8Array = new Uint8Array(0)
let lastWords: Uint32Array = new Uint32Array(0)
let otherBytes = lastBytes
let otherWords = lastWords

function wordsOf(bytes: Uint8Array): Uint32Array {
  if (bytes === lastBytes) return lastWords
  const words = bytes === otherBytes ? otherWords : new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
  otherBytes = lastBytes
  otherWords = lastWords
  lastBytes = bytes
  lastWords = words
  return words
}

function copyWords(out: Uint32Array, at: number, from: Uint32Array, start: number): void {
  for (let i = 0; i < WORDS; i++) out[at + i] = from[start + i] as number
}

/** Copies a hash. Both places are at whole words. */
export function copyHash(out: Uint8Array, at: number, from: Uint8Array, start: number): void {
  const words = wordsOf(from)
  copyWords(wordsOf(out), at >> 2, words, start >> 2)
}

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
  const values = wordsOf(valueHashes(leaves))
  for (let first = 0; first < leaves.length; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, leaves.length - first)
    for (let i = 0; i < count; i++) {
      const { bytes, positionAt } = leaves[first + i] as Leaf
      copyInto(pairs, i * 64, bytes, positionAt, 32)
      copyWords(pairWords, (i * 2 + 1) * WORDS, values, (first + i) * WORDS)
    }
    sha256Pairs(LEAF, pairs, count, hashes)
    for (let i = 0; i < count; i++) {
      const { bytes, hashAt } = leaves[first + i] as Leaf
      copyWords(wordsOf(bytes), hashAt >> 2, hashWords, i * WORDS)
    }
  }
}

/** The place of the hash of a child that is empty. */
export const NOWHERE = -1

function putChild(child: number, words: Uint32Array, from: number): void {
  if (from === NOWHERE) pairWords.fill(0, child * WORDS, (child + 1) * WORDS)
  else copyWords(pairWords, child * WORDS, words, from >> 2)
}

/** Inner nodes to be hashed of which none is above another. */
class Rank {
  #count = 0
  /** Longer than what is asked for: it is written over. */
  readonly #bytes: Uint8Array[] = []
  /** Of each: where the hashes of its children lie, and where its own goes. */
  readonly #places: number[] = []

  add(bytes: Uint8Array, left: number, right: number, out: number): void {
    const at = this.#count * 3
    this.#places[at] = left
    this.#places[at + 1] = right
    this.#places[at + 2] = out
    this.#bytes[this.#count++] = bytes
  }

  run(): void {
    for (let first = 0; first < this.#count; first += AT_ONCE) this.#some(first, Math.min(AT_ONCE, this.#count - first))
    this.#count = 0
  }

  #some(first: number, count: number): void {
    const [all, places] = [this.#bytes, this.#places]
    for (let i = 0; i < count; i++) {
      const words = wordsOf(all[first + i] as Uint8Array)
      const place = (first + i) * 3
      putChild(i * 2, words, places[place] as number)
      putChild(i * 2 + 1, words, places[place + 1] as number)
    }
    sha256Pairs(INNER, pairs, count, hashes)
    for (let i = 0; i < count; i++)
      copyWords(wordsOf(all[first + i] as Uint8Array), (places[(first + i) * 3 + 2] as number) >> 2, hashWords, i * WORDS)
  }
}

/** Inner nodes that are to be hashed, by rank: a node above another has a greater one. */
export class HashJobs {
  readonly #ranks: Rank[] = []

  /** A node whose children's hashes lie at `left` and `right` of some bytes, or `NOWHERE`; its own goes to `out`. */
  add(rank: number, bytes: Uint8Array, left: number, right: number, out: number): void {
    const ranks = this.#ranks
    while (ranks.length <= rank) ranks.push(new Rank())
    ;(ranks[rank] as Rank).add(bytes, left, right, out)
  }

  /** Makes the hashes that were asked for. */
  run(): void {
    for (const rank of this.#ranks) rank.run()
  }
}
