/** Signatures checked together: many cost little more than one, and a bad one among them is found by halving. */

/** Beyond what one bad item takes, one batch may fail for so many items. Then the rest is checked one by one: liars make a batch dearer by about a half at most. */
const ITEMS_A_FAILURE = 16

/** For each item, in their order, whether it holds. `allHold` says of some whether all do. */
export function checkMany<T>(items: readonly T[], allHold: (some: readonly T[]) => boolean): boolean[] {
  const good = items.map(() => false)
  let failures = Math.ceil(Math.log2(items.length + 1)) + Math.ceil(items.length / ITEMS_A_FAILURE)
  /** Gives whether all hold. `bad`: it is known that they do not. */
  const look = (from: number, to: number, bad: boolean): boolean => {
    const alone = to - from === 1
    let known = bad
    if (!bad && (alone || failures > 0)) {
      if (allHold(items.slice(from, to))) {
        good.fill(true, from, to)
        return true
      }
      failures--
      known = true
    }
    if (alone) return false
    const middle = (from + to) >> 1
    const left = look(from, middle, false)
    const right = look(middle, to, known && left)
    return left && right
  }
  if (items.length > 0) look(0, items.length, false)
  return good
}
