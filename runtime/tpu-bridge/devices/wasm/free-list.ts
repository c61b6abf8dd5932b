/** Places in a range that begins at 0 and grows at its end: the smallest hole that fits, else the end. */
export class FreeList {
  /** Holes in order of place, never side by side. */
  readonly #holes: { at: number; bytes: number }[] = []
  #end = 0

  /** What was in use at once at most: where the range ended so far. */
  get end(): number {
    return this.#end
  }

  /** Place of `bytes`; the range grows where no hole fits. */
  take(bytes: number): number {
    if (bytes === 0) return 0
    let best = -1
    this.#holes.forEach((hole, i) => {
      if (hole.bytes >= bytes && (best < 0 || hole.bytes < (this.#holes[best] as { bytes: number }).bytes)) best = i
    })
    const hole = this.#holes[best]
    if (hole !== undefined) {
      const { at } = hole
      hole.at += bytes
      hole.bytes -= bytes
      if (hole.bytes === 0) this.#holes.splice(best, 1)
      return at
    }
    // a hole at the end is part of what is new
    const last = this.#holes.at(-1)
    const at = last !== undefined && last.at + last.bytes === this.#end ? last.at : this.#end
    if (at !== this.#end) this.#holes.pop()
    this.#end = at + bytes
    return at
  }

  /** Gives back what `take` gave. */
  give(at: number, bytes: number): void {
    if (bytes === 0) return
    let i = this.#holes.findIndex((hole) => hole.at > at)
    if (i < 0) i = this.#holes.length
    this.#holes.splice(i, 0, { at, bytes })
    this.#join(i)
    this.#join(i - 1)
  }

  #join(i: number): void {
    const here = this.#holes[i]
    const next = this.#holes[i + 1]
    if (here === undefined || next === undefined || here.at + here.bytes !== next.at) return
    here.bytes += next.bytes
    this.#holes.splice(i + 1, 1)
  }
}
