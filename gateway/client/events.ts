/** Server-sent events (WHATWG HTML 9.2), read as an async iterable. */
import { UtnetError, type NodeEvent, parseJson } from '../../runtime/core/index.ts'
import { EVENTS_TYPE } from '../wire/index.ts'
import { refusal, type Transport } from './transport.ts'

/** Most characters of one event. */
const EVENT_MAX = 1 << 20

/** The data of each event in a stream of text; comments and other fields are passed over. */
export async function* eventData(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  let data: string[] = []
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      rest += decoder.decode(value, { stream: true })
      const lines = rest.split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ''
      if (rest.length > EVENT_MAX) throw new UtnetError('core_too_large', 'an event of the node is longer than any event')
      for (const line of lines) {
        if (line === '' && data.length > 0) {
          yield data.join('\n')
          data = []
        } else if (line.startsWith('data:')) data.push(line.slice(line.startsWith('data: ') ? 6 : 5))
      }
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

/** The events at a path of a node until the signal aborts, which ends them without an error. */
export async function* nodeEvents(to: Transport, signal: AbortSignal, path: string): AsyncGenerator<NodeEvent> {
  if (signal.aborted) return
  try {
    const response = await to.send(path, { headers: { accept: EVENTS_TYPE }, signal })
    if (!response.ok || response.body === null) throw await refusal(response)
    for await (const data of eventData(response.body)) yield parseJson(new TextEncoder().encode(data), 'event') as NodeEvent
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
