/** Finds the sender whose last transaction is the cheapest to lose: a heap of prices, of which those that changed meanwhile are passed over. */
import { compareBytes } from '../../core/index.ts'
import type { SenderQueue } from './sender-queue.ts'

interface Offer {
  readonly price: bigint
  readonly queue: SenderQueue
  readonly changes: number
}

/** By price; of equal ones by address, so that the choice hangs on nothing else. */
const before = (a: Offer, b: Offer): boolean =>
  a.price < b.price || (a.price === b.price && compareBytes(a.queue.address, b.queue.address) < 0)

export class Cheapest {
  #heap: Offer[] = []
  /** Queues that changed since something was taken: a pool that is never full never sorts them. */
  #changed = new Set<SenderQueue>()
  /** Which change of a queue its offer in the heap is of. */
  #offered = new WeakMap<SenderQueue, number>()

  /** Notes a queue that changed. `count` is how many there are: the notes are made anew when most are old. */
  note(queue: SenderQueue, queues: Iterable<SenderQueue>, count: number): void {
    this.#changed.add(queue)
    if (this.#heap.length + this.#changed.size <= 4 * count + 64) return
    this.#heap = []
    this.#offered = new WeakMap()
    this.#changed = new Set(queues)
    this.#changed.add(queue)
  }

  #push(queue: SenderQueue): void {
    if (queue.txs.length === 0 || this.#offered.get(queue) === queue.changes) return
    this.#offered.set(queue, queue.changes)
    const heap = this.#heap
    const offer = { price: queue.tailPrice(), queue, changes: queue.changes }
    let at = heap.push(offer) - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      if (!before(offer, heap[up] as Offer)) break
      heap[at] = heap[up] as Offer
      at = up
    }
    heap[at] = offer
  }

  #pop(): Offer | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let down = at * 2 + 1
      if (down >= heap.length) break
      if (down + 1 < heap.length && before(heap[down + 1] as Offer, heap[down] as Offer)) down++
      if (!before(heap[down] as Offer, last)) break
      heap[at] = heap[down] as Offer
      at = down
    }
    heap[at] = last
    return first
  }

  /** Takes the cheapest out; it must be noted again if it stays. */
  take(): { readonly price: bigint; readonly queue: SenderQueue } | undefined {
    for (const queue of this.#changed) this.#push(queue)
    this.#changed.clear()
    for (let offer = this.#pop(); offer !== undefined; offer = this.#pop()) {
      if (offer.changes !== offer.queue.changes) continue
      this.#offered.delete(offer.queue)
      return offer
    }
    return undefined
  }
}
