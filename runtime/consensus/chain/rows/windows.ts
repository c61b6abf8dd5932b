/** Filters over windows of 64 blocks: a search passes over a window in one read where nothing in it can match. An index of this node, in no header. */
import { LIMITS, type Kv } from '../../../core/index.ts'
import { makeBloom } from '../../block/index.ts'
import { unlessDamaged } from './damage.ts'
import { decodeList, printsKey, windowKey } from './rows.ts'

/** Heights that a filter is over; windows begin at multiples of it. */
export const WINDOW_BLOCKS = 64

/** The window that a height is in. */
export function windowOf(height: number): number {
  return Math.floor(height / WINDOW_BLOCKS)
}

/** The filter of the window that ends with a block, from the fingerprints of its transactions and those of the blocks before it; no rows elsewhere, and where one of these is damaged. */
export function windowRows(
  kv: Pick<Kv, 'get'>,
  height: number,
  prints: readonly Uint8Array[],
): readonly (readonly [Uint8Array, Uint8Array])[] {
  if (height % WINDOW_BLOCKS !== WINDOW_BLOCKS - 1) return []
  const all = [...prints]
  for (let before = height - WINDOW_BLOCKS + 1; before < height; before++) {
    const row = unlessDamaged(() => kv.get(printsKey(before)), null)
    // without a filter a search looks at each block
    if (row === null) return []
    if (row !== undefined) all.push(...decodeList(row, 'fingerprints'))
  }
  return [[windowKey(windowOf(height)), makeBloom(all, LIMITS.windowBytes)]]
}
