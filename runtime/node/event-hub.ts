/** Live events to any number of listeners; a listener that falls behind loses the oldest, never the node its memory. */
import type { NodeEvent } from '../core/index.ts'

const BACKLOG = 1_000

export interface EventHub {
  /** True when anybody listens. */
  heard(): boolean
  emit(event: NodeEvent): void
  subscribe(signal: AbortSignal): AsyncIterable<NodeEvent>
  /** Ends every subscription. */
  close(): void
}

/** A hub without listeners; `changed` is told when the first comes or the last goes. */
export function createEventHub(changed: (heard: boolean) => void = () => {}): EventHub {
  const listeners = new Set<{ push(event: NodeEvent): void; end(): void }>()

  async function* subscribe(signal: AbortSignal): AsyncGenerator<NodeEvent> {
    const queue: NodeEvent[] = []
    let wake: (() => void) | undefined
    let over = signal.aborted
    const listener = {
      push(event: NodeEvent) {
        queue.push(event)
        if (queue.length > BACKLOG) queue.shift()
        wake?.()
      },
      end() {
        over = true
        wake?.()
      },
    }
    listeners.add(listener)
    if (listeners.size === 1) changed(true)
    signal.addEventListener('abort', listener.end)
    try {
      while (true) {
        const next = queue.shift()
        if (next !== undefined) {
          yield next
          continue
        }
        if (over) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        wake = undefined
      }
    } finally {
      listeners.delete(listener)
      if (listeners.size === 0) changed(false)
      signal.removeEventListener('abort', listener.end)
    }
  }

  return {
    emit(event) {
      for (const listener of listeners) listener.push(event)
    },
    heard: () => listeners.size > 0,
    subscribe,
    close() {
      for (const listener of listeners) listener.end()
    },
  }
}
