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

  /** Notes the price of a queue that changed. `queues` is how many there are: the notes are made anew when most are old. */
  note(queue: SenderQueue, queues: Iterable<SenderQueue>, count: number): void {
    if (this.#heap.length > 4 * count + 64) {
      this.#heap = []
      for (const each of queues) if (each !== queue) this.#push(each)
    }
    this.#push(queue)
  }

  #push(queue: SenderQueue): void {
    if (queue.txs.length === 0) return
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
    for (let offer = this.#pop(); offer !== undefined; offer = this.#pop()) if (offer.changes === offer.queue.changes) return offer
    return undefined
  }
}
