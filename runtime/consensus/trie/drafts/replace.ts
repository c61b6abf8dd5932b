/** The most common change of a bucket: other values of leaves that it has. */
import { NONE, type Fresh } from './bucket-draft.ts'
import type { Bucket, Leaf } from '../pages/index.ts'
import type { Items } from './items.ts'
import { POSITION_BYTES, same32 } from '../bytes/index.ts'

/** The leaves to which items, of which the first can be but one of them, give other values; undefined where they do more than this: where they bring or remove leaves, or values have rows of their own. */
export function replacedBy(before: Bucket, items: Items, from: number, to: number, first: number): Fresh | undefined {
  const { positions } = items
  let mask = 0
  let leaves: Leaf[] | undefined
  for (let i = from; i < to; i++) {
    const leaf = items.leaves[i]
    if (leaf === undefined || leaf.ownRow) return undefined
    const number = i === from ? first : before.candidate(positions, i * POSITION_BYTES)
    const old = before.leaf(number)
    if (old.ownRow || !old.isAt(positions, i * POSITION_BYTES)) return undefined
    if (same32(old.bytes, old.hashAt, leaf.bytes, leaf.hashAt)) continue
    mask |= 1 << number
    if (leaves === undefined) leaves = [leaf]
    else leaves.push(leaf)
  }
  return leaves === undefined ? NONE : { mask, leaves }
}
