/** The life of an anchored batch: open to be refuted, then settled. It is refuted when its thread was closed before it. docs/spec/rollup.md */
import type { ThreadRecord } from './thread-record.ts'

/** Times of the rollup in blocks, of the present protocol version. */
export const ROLLUP = {
  /** After its anchor, in which a batch can be refuted. */
  windowBlocks: 600,
  /** That a node has to show a leaf that is asked for. */
  answerBlocks: 64,
  /** From the block that a run names to its anchor, for `verify` to take the time of the run from between them. */
  contextBlocks: 600,
} as const

export type RollupState = 'open' | 'settled' | 'refuted'

/** Last heights of an anchored batch's life: until `open`, anybody may refute it; until `answered`, a demand made before may still run out. */
export function rollupEnds(anchorHeight: number): { readonly open: number; readonly answered: number } {
  const open = anchorHeight + ROLLUP.windowBlocks
  return { open, answered: open + ROLLUP.answerBlocks }
}

/** State at a height of the receipt `seq`, whose batch was anchored, by the record of its thread at that height. */
export function rollupState({ closed, next }: ThreadRecord, seq: number, anchorHeight: number, height: number): RollupState {
  if (closed !== null && seq >= next) return 'refuted'
  return height > rollupEnds(anchorHeight).answered ? 'settled' : 'open'
}
