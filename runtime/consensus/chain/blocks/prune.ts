/**
 * Deletes the rows of states that no height needs any more. Apart from a block's commit and behind it: such rows lie all over the store, where a block's own rows lie
 * together, so deleting them costs more than writing the block. A bounded number at a time; what a crash left is found by its list.
 */
import { LIMITS } from '../../../core/index.ts'
import type { ChainCore } from '../head/index.ts'
import { decodeList, deleted, encodeList, rootsKey, staleKey } from '../rows/index.ts'

type Row = readonly [Uint8Array, Uint8Array | undefined]

/** Rows of one list. */
const LIST_ROWS = 1_024
/** Heights whose roots go at once. */
const ROOTS_AT_ONCE = 64

/** Lists of the rows that the states from a height on do not need. */
export function staleRows(height: number, stale: readonly Uint8Array[]): Row[] {
  const rows: Row[] = []
  for (let from = 0; from < stale.length; from += LIST_ROWS) {
    rows.push([staleKey(height, from / LIST_ROWS), encodeList(stale.slice(from, from + LIST_ROWS))])
  }
  return rows
}

/**
 * Rows to delete so that only the states from `lowest` on are left: at most `LIMITS.prunedRows`, whole lists, the oldest first. A list that is damaged goes alone: the rows
 * that it named stay, and nothing leads to them.
 */
function pruneRows({ kv }: ChainCore, lowest: number): Row[] {
  return deleted(() => {
    const rows: (readonly [Uint8Array, undefined])[] = []
    for (const [key, list] of kv.range(staleKey(0, 0), staleKey(lowest + 1, 0), { limit: LIMITS.prunedRows / LIST_ROWS })) {
      for (const row of decodeList(list, 'stale rows')) rows.push([row, undefined])
      rows.push([key, undefined])
    }
    for (const [key] of kv.range(rootsKey(0), rootsKey(lowest), { limit: ROOTS_AT_ONCE })) rows.push([key, undefined])
    return rows
  })
}

/** Prunes behind the head, while the next block is made. A failure stops the chain as that of a block does. */
export async function prune(core: ChainCore): Promise<void> {
  const lowest = core.head.header.height - core.history + 1
  if (lowest <= 0 || core.broken !== undefined) return
  try {
    await core.kv.commit(pruneRows(core, lowest))
  } catch (error) {
    core.broken = error
  }
}
