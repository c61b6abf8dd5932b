/** Work that must not overlap. */

/** Gives a function that runs its works one after the other, in the order of the calls. A work that fails does not hold up the next. */
export function serialQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let tail: Promise<unknown> = Promise.resolve()
  return (work) => {
    const run = tail.then(work)
    tail = run.catch(() => {})
    return run
  }
}
