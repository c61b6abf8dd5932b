/** Makes many hashes of the trie together (core/sparse-proof.ts says what they are of): four at once where the processor can. */
import { copyInto, sha256Each } from '../../core/index.ts'
import type { Leaf } from './leaf.ts'

/** What the hash of a leaf or an inner node is of: a tag and two hashes. */
const MESSAGE_BYTES = 65

/** Messages that are laid out at once: they and their hashes stay in the nearest cache. */
const AT_ONCE = 256

const messages = new Uint8Array(AT_ONCE * MESSAGE_BYTES)
const ENDS: readonly number[] = Array.from({ length: AT_ONCE }, (_, i) => (i + 1) * MESSAGE_BYTES)

/** Hashes of the first `count` messages. */
function hashMessages(count: number): Uint8Array {
  return count === AT_ONCE ? sha256Each(messages, ENDS) : sha256Each(messages.subarray(0, count * MESSAGE_BYTES), ENDS.slice(0, count))
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
  const hashes = sha256Each(values, ends)
  for (const [i, leaf] of leaves.entries()) if (leaf.ownRow) copyInto(hashes, i * 32, leaf.bytes, leaf.heldAt, 32)
  return hashes
}

/** Makes the hashes of leaves, each where it belongs. */
export function hashLeaves(leaves: readonly Leaf[]): void {
  if (leaves.length === 0) return
  const values = valueHashes(leaves)
  for (let first = 0; first < leaves.length; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, leaves.length - first)
    for (let i = 0; i < count; i++) {
      const { bytes, positionAt } = leaves[first + i] as Leaf
      const at = i * MESSAGE_BYTES
      messages[at] = 0
      copyInto(messages, at + 1, bytes, positionAt, 32)
      copyInto(messages, at + 33, values, (first + i) * 32, 32)
    }
    const hashes = hashMessages(count)
    for (let i = 0; i < count; i++) {
      const { bytes, hashAt } = leaves[first + i] as Leaf
      copyInto(bytes, hashAt, hashes, i * 32, 32)
    }
  }
}

/** Inner nodes to be hashed of which none is above another. */
class Rank {
  readonly bytes: Uint8Array[] = []
  /** Of each: where the hashes of its children lie, and where its own goes. */
  readonly places: number[] = []

  run(): void {
    for (let first = 0; first < this.bytes.length; first += AT_ONCE) this.#some(first, Math.min(AT_ONCE, this.bytes.length - first))
    this.bytes.length = 0
    this.places.length = 0
  }

  #some(first: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const bytes = this.bytes[first + i] as Uint8Array
      const place = (first + i) * 3
      const at = i * MESSAGE_BYTES
      messages[at] = 1
      putChild(at + 1, bytes, this.places[place] as number)
      putChild(at + 33, bytes, this.places[place + 1] as number)
    }
    const hashes = hashMessages(count)
    for (let i = 0; i < count; i++)
      copyInto(this.bytes[first + i] as Uint8Array, this.places[(first + i) * 3 + 2] as number, hashes, i * 32, 32)
  }
}

/** The place of the hash of a child that is empty. */
export const NOWHERE = -1

function putChild(at: number, bytes: Uint8Array, from: number): void {
  if (from === NOWHERE) messages.fill(0, at, at + 32)
  else copyInto(messages, at, bytes, from, 32)
}

/** Inner nodes that are to be hashed, by rank: a node above another has a greater one. */
export class HashJobs {
  readonly #ranks: Rank[] = []

  /** A node whose children's hashes lie at `left` and `right` of some bytes, or `NOWHERE`; its own goes to `out`. */
  add(rank: number, bytes: Uint8Array, left: number, right: number, out: number): void {
    const at = (this.#ranks[rank] ??= new Rank())
    at.bytes.push(bytes)
    at.places.push(left, right, out)
  }

  run(): void {
    for (const rank of this.#ranks) rank?.run()
  }
}
