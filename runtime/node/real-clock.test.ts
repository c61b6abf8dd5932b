import { expect, test } from 'vitest'
import { realClock } from './real-clock.ts'

const DAY = 24 * 60 * 60 * 1_000

test('a sleep ends when its time is over, when its signal aborts, and at once where that has happened', async () => {
  await realClock.sleep(1)
  const aborting = new AbortController()
  const asleep = realClock.sleep(DAY, aborting.signal)
  aborting.abort('early')
  await expect(asleep).resolves.toBeUndefined()
  await expect(realClock.sleep(DAY, aborting.signal)).resolves.toBeUndefined()
})

test('a sleep that is over leaves nothing on its signal', async () => {
  const { signal } = new AbortController()
  let listeners = 0
  const counted = Object.assign(Object.create(signal) as AbortSignal, {
    addEventListener: () => listeners++,
    removeEventListener: () => listeners--,
  })
  const asleep = realClock.sleep(1, counted)
  expect(listeners).toBe(1)
  await asleep
  expect(listeners).toBe(0)
})
