/** Server-sent events (WHATWG HTML 9.2) of a node's events. */
import type { NodeEvent } from '../../runtime/core/index.ts'

const encoder = new TextEncoder()

/** One event; JSON has no line breaks, so one data line carries it. */
function frame(event: NodeEvent): Uint8Array {
  return encoder.encode(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
}

export interface EventStreamOptions {
  /** Ends the stream when the server stops. */
  readonly closing: AbortSignal | undefined
  /** A comment goes out after so many silent milliseconds, so that dead connections are noticed. */
  readonly heartbeatMs: number
}

/** The stream. It is pulled: an event leaves the node's queue when the reader has room for it. */
export function eventStream(
  open: (signal: AbortSignal) => AsyncIterable<NodeEvent>,
  options: EventStreamOptions,
): ReadableStream<Uint8Array> {
  const stop = new AbortController()
  const signal = options.closing === undefined ? stop.signal : AbortSignal.any([stop.signal, options.closing])
  const events = open(signal)[Symbol.asyncIterator]()
  let beat: ReturnType<typeof setInterval> | undefined
  const end = (): void => {
    clearInterval(beat)
    stop.abort()
  }
  return new ReadableStream<Uint8Array>({
    start(controller) {
      // The first bytes go out at once: the reader learns that the stream stands.
      controller.enqueue(encoder.encode(': utnet\n\n'))
      beat = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(':\n\n'))
      }, options.heartbeatMs)
    },
    async pull(controller) {
      try {
        const { done, value } = await events.next()
        if (done !== true) {
          controller.enqueue(frame(value))
          return
        }
      } catch {
        // The node ended the stream; a reader that wants more connects again.
      }
      end()
      controller.close()
    },
    cancel: end,
  })
}
