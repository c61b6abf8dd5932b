/** Virtual time: what is due next, in order of time and then of asking. */
interface Due {
  readonly at: number
  readonly order: number
  readonly run: () => void | Promise<void>
}

const before = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

export class Scheduler {
  /** Whole milliseconds since the start. */
  now = 0
  readonly #heap: Due[] = []
  #order = 0

  get size(): number {
    return this.#heap.length
  }

  after(ms: number, run: Due['run']): void {
    const heap = this.#heap
    const due = { at: this.now + Math.floor(ms), order: this.#order++, run }
    let i = heap.length
    heap.push(due)
    while (i > 0) {
      const up = (i - 1) >> 1
      if (!before(due, heap[up] as Due)) break
      heap[i] = heap[up] as Due
      i = up
    }
    heap[i] = due
  }

  /** Takes the next out and moves the clock to it. */
  next(): Due['run'] | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined) return undefined
    if (heap.length > 0) {
      let i = 0
      for (;;) {
        let child = 2 * i + 1
        if (child >= heap.length) break
        if (child + 1 < heap.length && before(heap[child + 1] as Due, heap[child] as Due)) child++
        if (!before(heap[child] as Due, last)) break
        heap[i] = heap[child] as Due
        i = child
      }
      heap[i] = last
    }
    this.now = first.at
    return first.run
  }
}
