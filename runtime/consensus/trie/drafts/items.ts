/** The changes of a batch in order of position, with the leaves that they make. */
import { sha256Each } from '../../../core/index.ts'
import { hashLeaves } from '../hashes/index.ts'
import { Leaf, leafSizeOf, putLeaf } from '../pages/index.ts'
import { Memory, comparePositions, POSITION_BYTES, same32 } from '../bytes/index.ts'

/** A key, and its value; undefined removes it. */
export type TrieChange = readonly [key: Uint8Array, value: Uint8Array | undefined]

export interface Items {
  readonly count: number
  /** Position `i` at 32 i. */
  readonly positions: Uint8Array
  readonly values: readonly (Uint8Array | undefined)[]
  /** With their hashes; undefined where a key is removed. */
  readonly leaves: readonly (Leaf | undefined)[]
}

function positionsOf(changes: readonly TrieChange[]): Uint8Array {
  let size = 0
  const ends = changes.map(([key]) => (size += key.length))
  const keys = new Uint8Array(size)
  for (const [i, [key]] of changes.entries()) keys.set(key, ends[i - 1] ?? 0)
  return sha256Each(keys, ends)
}

/** Numbers of the changes in order of position; of those to one key the last. */
function ordered(positions: Uint8Array, count: number): number[] {
  const heads = new Float64Array(count)
  const view = new DataView(positions.buffer, positions.byteOffset)
  for (let i = 0; i < count; i++) heads[i] = view.getUint32(i * POSITION_BYTES)
  const compare = (a: number, b: number): number =>
    (heads[a] as number) - (heads[b] as number) ||
    comparePositions(positions, a * POSITION_BYTES, positions, b * POSITION_BYTES, 4) ||
    a - b
  const order = Array.from({ length: count }, (_, i) => i).sort(compare)
  return order.filter((a, i) => {
    const next = order[i + 1]
    return next === undefined || !same32(positions, a * POSITION_BYTES, positions, next * POSITION_BYTES)
  })
}

/** The items of changes, of which the last to a key wins. `version` is the height at which their values are written. */
export function itemsOf(changes: readonly TrieChange[], version: number): Items {
  const all = positionsOf(changes)
  const order = ordered(all, changes.length)
  const positions = new Uint8Array(order.length * POSITION_BYTES)
  const values = order.map((from, i) => {
    for (let k = 0; k < POSITION_BYTES; k++) positions[i * POSITION_BYTES + k] = all[from * POSITION_BYTES + k] as number
    return (changes[from] as TrieChange)[1]
  })
  // the hashes lie at whole words, before the leaves
  let at = values.length * 32
  const memory = new Memory(values.reduce((n, value) => n + (value === undefined ? 0 : leafSizeOf(value)), at))
  const leaves = values.map((value, i) => {
    if (value === undefined) return undefined
    putLeaf(memory.bytes, at, positions, i * POSITION_BYTES, value, version)
    const leaf = new Leaf(memory, at, i * 32)
    at += leafSizeOf(value)
    return leaf
  })
  hashLeaves(leaves.filter((leaf) => leaf !== undefined))
  return { count: order.length, positions, values, leaves }
}
