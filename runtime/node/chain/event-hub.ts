/** Live events to any number of listeners. One that falls behind is cut off: it never costs the node its memory, nor misses anything unseen. */
import { limitError, LIMITS, type NodeEvent, type UtnetError } from '../../core/index.ts'

export interface EventHub {
  /** True when anybody listens. */
  heard(): boolean
  emit(event: NodeEvent): void
  /** Listens from now on, until the signal aborts. Throws `events_lagging` once more than `LIMITS.eventBacklog` events wait. */
  subscribe(signal: AbortSignal): AsyncIterableIterator<NodeEvent, undefined>
  /** Ends every subscription. */
  close(): void
}

const END = { done: true, value: undefined } as const

class Listener implements AsyncIterableIterator<NodeEvent, undefined> {
  readonly #gone: () => void
  readonly #signal: AbortSignal
  #queue: NodeEvent[] = []
  #wake: (() => void) | undefined
  #over = false
  #cut: UtnetError | undefined

  constructor(signal: AbortSignal, gone: () => void) {
    this.#signal = signal
    this.#gone = gone
    this.#over = signal.aborted
    signal.addEventListener('abort', this.end)
  }

  readonly end = (): void => {
    this.#over = true
    this.#signal.removeEventListener('abort', this.end)
    this.#gone()
    this.#wake?.()
  }

  push(event: NodeEvent): void {
    this.#queue.push(event)
    if (this.#queue.length > LIMITS.eventBacklog) {
      this.#cut = limitError('events_lagging', 'eventBacklog', this.#queue.length, LIMITS.eventBacklog, 'events that wait for the reader')
      this.#queue = []
      this.end()
    } else this.#wake?.()
  }

  async next(): Promise<IteratorResult<NodeEvent, undefined>> {
    for (;;) {
      const value = this.#queue.shift()
      if (value !== undefined) return { done: false, value }
      if (this.#cut !== undefined) throw this.#cut
      if (this.#over) return END
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async return(): Promise<IteratorResult<NodeEvent, undefined>> {
    this.#queue = []
    this.end()
    return END
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** A hub without listeners; `changed` is told when the first comes or the last goes. */
export function createEventHub(changed: (heard: boolean) => void = () => {}): EventHub {
  const listeners = new Set<Listener>()
  return {
    emit(event) {
      for (const listener of listeners) listener.push(event)
    },
    heard: () => listeners.size > 0,
    subscribe(signal) {
      const listener: Listener = new Listener(signal, () => {
        if (listeners.delete(listener) && listeners.size === 0) changed(false)
      })
      if (!signal.aborted) {
        listeners.add(listener)
        if (listeners.size === 1) changed(true)
      }
      return listener
    },
    close() {
      for (const listener of listeners) listener.end()
    },
  }
}
