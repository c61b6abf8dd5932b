/** Epochs: heights `e * blocks + 1` to `(e + 1) * blocks`. Block 0 stands before epoch 0. What counts in an epoch was fixed one epoch before it. */

/** Epoch of a height; block 0 is counted to epoch 0. */
export function epochOf(height: number, epochBlocks: number): number {
  return height === 0 ? 0 : Math.floor((height - 1) / epochBlocks)
}

/** Last height of an epoch: its header commits to the set of the next. */
export function lastHeightOf(epoch: number, epochBlocks: number): number {
  return (epoch + 1) * epochBlocks
}

/** True when the block of this height ends its epoch. */
export function endsEpoch(height: number, epochBlocks: number): boolean {
  return height > 0 && height % epochBlocks === 0
}
