/** Server-sent events (WHATWG HTML 9.2) of a node's events. */
import { asUtnetError, type NodeEvent } from '../../runtime/core/index.ts'
import { problemOf } from '../wire/index.ts'

const encoder = new TextEncoder()

/** An event with a place in the chain has that as its id: a reader that connects again sends the last one as `Last-Event-ID` and misses nothing. */
function frame(event: NodeEvent): Uint8Array {
  const placed = event.type === 'block' || event.type === 'event' || event.type === 'transaction'
  // JSON has no line breaks, so one data line carries it
  return encoder.encode(`event: ${event.type}\n${placed ? `id: ${event.id}\n` : ''}data: ${JSON.stringify(event)}\n\n`)
}

/** Heartbeats that find no room before a reader counts as gone. */
const STALLED_BEATS = 4

export interface EventStreamOptions {
  /** Ends the stream when the server stops. */
  readonly closing: AbortSignal | undefined
  /** A comment goes out after so many silent milliseconds, so that dead connections are noticed. */
  readonly heartbeatMs: number
  /** Is told why the node ended the stream, where it did not do so by itself. */
  readonly onError: (error: unknown) => void
}

/** The stream. It is pulled: an event leaves the node's queue when the reader has room for it. A reader without room for long is cut off. */
export function eventStream(
  open: (signal: AbortSignal) => AsyncIterable<NodeEvent>,
  options: EventStreamOptions,
): ReadableStream<Uint8Array> {
  const stop = new AbortController()
  const signal = options.closing === undefined ? stop.signal : AbortSignal.any([stop.signal, options.closing])
  const events = open(signal)[Symbol.asyncIterator]()
  let beat: ReturnType<typeof setInterval> | undefined
  let stalled = 0
  const end = (): void => {
    clearInterval(beat)
    stop.abort()
    // A generator that stands at an event notices no signal.
    events.return?.().catch(() => undefined)
  }
  return new ReadableStream<Uint8Array>({
    start(controller) {
      // The first bytes go out at once: the reader learns that the stream stands.
      controller.enqueue(encoder.encode(': utnet\n\n'))
      beat = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) {
          stalled = 0
          controller.enqueue(encoder.encode(':\n\n'))
        } else if (++stalled >= STALLED_BEATS) {
          end()
          controller.error(new Error('the reader does not read'))
        }
      }, options.heartbeatMs)
    },
    async pull(controller) {
      try {
        const { done, value } = await events.next()
        if (stop.signal.aborted) return
        stalled = 0
        if (done !== true) {
          controller.enqueue(frame(value))
          return
        }
      } catch (error) {
        // The node ended the stream; a reader that wants more connects again.
        options.onError(error)
        if (stop.signal.aborted) return
        const { code, detail } = problemOf(asUtnetError(error))
        controller.enqueue(encoder.encode(`: ${code}: ${detail.replaceAll(/[\r\n]/g, ' ')}\n\n`))
      }
      end()
      controller.close()
    },
    cancel: end,
  })
}
