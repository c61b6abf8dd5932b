import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { UtnetError, type NodeEvent } from '../../runtime/core/index.ts'
import { eventStream } from './event-stream.ts'

const told: unknown[] = []
const OPTIONS = { closing: undefined, heartbeatMs: 1_000, onError: (error: unknown) => told.push(error) }

beforeEach(() => told.splice(0))
beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const block = (height: number): NodeEvent => ({ type: 'block', id: `${height}.0`, height, time: height, hash: 'ab', transactions: 0 })
const text = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> =>
  new TextDecoder().decode((await reader.read()).value)

/** As many events as one wants; tells when it was ended. */
function endless(): { readonly open: (signal: AbortSignal) => AsyncIterable<NodeEvent>; ended: boolean; signal?: AbortSignal } {
  const self = {
    ended: false,
    open: (signal: AbortSignal) => {
      Object.assign(self, { signal })
      return (async function* () {
        try {
          for (let height = 1; ; height++) yield block(height)
        } finally {
          self.ended = true
        }
      })()
    },
  }
  return self
}

test('a frame has the place of its event as its id; what has none goes without', async () => {
  const reader = eventStream(async function* () {
    yield block(7)
    yield { type: 'anchor', id: 'bafy', height: 7 }
  }, OPTIONS).getReader()
  expect(await text(reader)).toBe(': utnet\n\n')
  expect(await text(reader)).toBe(`event: block\nid: 7.0\ndata: ${JSON.stringify(block(7))}\n\n`)
  expect(await text(reader)).toMatch(/^event: anchor\ndata: /)
  expect((await reader.read()).done).toBe(true)
})

test('a reader that takes nothing for four heartbeats is cut off, one that reads is not', async () => {
  const source = endless()
  const stream = eventStream(source.open, OPTIONS)
  const reader = stream.getReader()
  for (let i = 0; i < 8; i++) {
    await reader.read()
    await vi.advanceTimersByTimeAsync(1_000)
  }
  expect(source.ended).toBe(false)
  await vi.advanceTimersByTimeAsync(4_000)
  expect(source.ended).toBe(true)
  expect(source.signal?.aborted).toBe(true)
  await expect(reader.read()).rejects.toThrow(/does not read/)
})

test("an idle reader hears heartbeats and is not cut off; one who leaves ends the node's side", async () => {
  const source = endless()
  const idle = (signal: AbortSignal): AsyncIterable<NodeEvent> => ({
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise((resolve) => signal.addEventListener('abort', () => resolve({ done: true, value: undefined }))),
    }),
  })
  const reader = eventStream(idle, OPTIONS).getReader()
  expect(await text(reader)).toBe(': utnet\n\n')
  for (let i = 0; i < 10; i++) {
    const read = text(reader)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await read).toBe(':\n\n')
  }
  const other = eventStream(source.open, OPTIONS).getReader()
  await other.read()
  await other.cancel()
  await vi.advanceTimersByTimeAsync(1)
  expect(source.ended).toBe(true)
})

test('a refusal of the node ends the stream and says why', async () => {
  const reader = eventStream(
    // eslint-disable-next-line require-yield
    async function* () {
      throw new UtnetError('events_lagging', 'too slow')
    },
    OPTIONS,
  ).getReader()
  await reader.read()
  expect(await text(reader)).toBe(': events_lagging: too slow\n\n')
  expect((await reader.read()).done).toBe(true)
})

test("a fault that is none of ours ends the stream too: the node is told of it, and the reader that it is the node's", async () => {
  const fault = new Error('ENOENT /home/me/secret')
  const reader = eventStream(
    // eslint-disable-next-line require-yield
    async function* () {
      throw fault
    },
    OPTIONS,
  ).getReader()
  await reader.read()
  expect(await text(reader)).toBe(': node_internal: the node failed while it worked on this request\n\n')
  expect((await reader.read()).done).toBe(true)
  expect(told).toEqual([fault])
})
