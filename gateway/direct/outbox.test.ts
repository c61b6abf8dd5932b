import { afterEach, expect, test, vi } from 'vitest'
import { Outbox } from './outbox.ts'

afterEach(() => void vi.restoreAllMocks())

/** An outbox under a clock of its own; `send` sends an answer whose request took `ms`. */
function simulated(): {
  readonly written: number[]
  readonly later: (ms: number) => void
  readonly send: (n: number, ms?: number) => void
} {
  let now = 1_000
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const outbox = new Outbox()
  const written: number[] = []
  return {
    written,
    later: (ms) => void (now += ms),
    send: (n, ms = 0) => outbox.send({ write: () => void written.push(n) }, now - ms),
  }
}

const phase = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('answers of one poll phase leave at its end, in their order', async () => {
  const { written, send } = simulated()
  for (const n of [1, 2, 3]) send(n)
  expect(written).toEqual([])
  await phase()
  expect(written).toEqual([1, 2, 3])
  send(4)
  expect(written).toEqual([1, 2, 3])
  await phase()
  expect(written).toEqual([1, 2, 3, 4])
})

test('an answer waits for no more than a moment', async () => {
  const { written, send, later } = simulated()
  send(1)
  later(1)
  send(2)
  expect(written).toEqual([])
  later(0.1)
  send(3)
  expect(written).toEqual([1, 2, 3])
  await phase()
  expect(written).toEqual([1, 2, 3])
})

test('where a run was long nothing is held for a while', async () => {
  const { written, send } = simulated()
  send(1)
  send(2, 1.1)
  expect(written).toEqual([1, 2])
  const next = Array.from({ length: 63 }, (_, i) => i + 3)
  for (const n of next) send(n)
  expect(written).toEqual([1, 2, ...next])
  send(100)
  expect(written.at(-1)).toBe(65)
  await phase()
  expect(written.at(-1)).toBe(100)
})
