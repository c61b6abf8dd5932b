/** Values that change with the epochs: each stands with the epoch from which it counts. A change in epoch e counts from e + 2 on. */
export interface Dated {
  readonly from: number
}

/** Epochs between a change and the first epoch in which it counts. */
export const AHEAD = 2

/**
 * The list with a value that counts from `epoch + AHEAD` on. What no epoch from `epoch - 1` on needs is left out (the epoch before is kept for results that
 * are checked late), so at most four stand in it.
 */
export function dated<T extends Dated>(list: readonly T[], epoch: number, value: T): T[] {
  const earlier = list.filter((v) => v.from < value.from)
  const needed = Math.max(
    0,
    earlier.findLastIndex((v) => v.from < epoch),
  )
  return [...earlier.slice(needed), value]
}
