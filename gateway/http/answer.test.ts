import { expect, test } from 'vitest'
import { respond } from './index.ts'

test('a stream that a HEAD would begin is ended: nobody reads it', async () => {
  let ended = false
  const body = new ReadableStream<Uint8Array>({ cancel: () => void (ended = true) })
  const response = respond(new Request('http://h/', { method: 'HEAD' }), { status: 200, type: 'text/event-stream', body })
  expect([await response.text(), response.headers.has('content-length'), ended]).toEqual(['', false, true])
})
