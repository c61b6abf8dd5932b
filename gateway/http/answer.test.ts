import { expect, test } from 'vitest'
import { UtnetError } from '../../runtime/core/index.ts'
import { json, problem, respond } from './index.ts'

test('a stream that a HEAD would begin is ended: nobody reads it', async () => {
  let ended = false
  const body = new ReadableStream<Uint8Array>({ cancel: () => void (ended = true) })
  const response = respond(new Request('http://h/', { method: 'HEAD' }), { status: 200, type: 'text/event-stream', body })
  expect([await response.text(), response.headers.has('content-length'), ended]).toEqual(['', false, true])
})

test("a stream that cannot be ended is nobody's fault", async () => {
  const body = new ReadableStream<Uint8Array>({ cancel: () => Promise.reject(new Error('it goes on')) })
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', note)
  try {
    const response = respond(new Request('http://h/', { method: 'HEAD' }), { status: 200, type: 'text/plain', body })
    expect(await response.text()).toBe('')
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(unhandled).toEqual([])
  } finally {
    process.off('unhandledRejection', note)
  }
})

test('the length that HEAD is told is in bytes', () => {
  const request = new Request('http://h/', { method: 'HEAD' })
  expect(respond(request, json({ name: 'Zoë' })).headers.get('content-length')).toBe('15')
  expect(respond(request, { status: 200, type: 'a/b', body: new Uint8Array(7) }).headers.get('content-length')).toBe('7')
  expect(respond(request, { status: 204, type: 'a/b', body: null }).headers.has('content-length')).toBe(false)
})

test('what passes by itself says when to come back, unless somebody knows better', () => {
  const retry = (code: 'host_busy' | 'name_invalid', headers = {}): string | null =>
    problem(new Request('http://h/'), new UtnetError(code, 'so it is'), headers).headers.get('retry-after')
  expect([retry('host_busy'), retry('name_invalid'), retry('host_busy', { 'retry-after': '9' })]).toEqual(['1', null, '9'])
})
