/** Where an instruction of a guest is in the prepared module: noted for one function while it is written, for who reads a stack of the engine. */

/** Nothing of the guest's stands there. */
const NOWHERE = -1

interface Mark {
  /** From this byte of the new instructions on. */
  readonly from: number
  readonly original: number
  /** The bytes behind it are the guest's, one by one; else all of them are ours and stand for `original`. */
  readonly straight: boolean
}

export class Positions {
  /** Index of the function. */
  readonly index: number
  readonly #marks: Mark[] = []
  #start = 0

  constructor(index: number) {
    this.index = index
  }

  /** What follows is copied from the guest's byte `original`. */
  copied(from: number, original: number): void {
    this.#marks.push({ from, original, straight: true })
  }

  /** What follows was made for the guest's byte `original`; for none where that is left out. */
  made(from: number, original = NOWHERE): void {
    this.#marks.push({ from, original, straight: false })
  }

  /** The first instruction lies `by` bytes further behind. */
  moved(by: number): void {
    this.#start += by
  }

  /** As if nothing had been noted. */
  clear(): void {
    this.#marks.length = 0
    this.#start = 0
  }

  /** Byte of the original module for one of the prepared module; undefined where it is of no instruction of this function. */
  original(offset: number): number | undefined {
    const at = offset - this.#start
    const mark = this.#marks.findLast(({ from }) => from <= at)
    if (mark === undefined || mark.original === NOWHERE) return undefined
    return mark.straight ? mark.original + at - mark.from : mark.original
  }
}
