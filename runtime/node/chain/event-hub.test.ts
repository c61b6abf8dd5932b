import { expect, test } from 'vitest'
import { LIMITS, type NodeEvent } from '../../core/index.ts'
import { createEventHub } from './event-hub.ts'

const event = (height: number): NodeEvent => ({ type: 'block', id: `${height}.0`, height, time: height, hash: '', transactions: 0 })

test('a listener hears from when it subscribes, in order, until its signal', async () => {
  const changes: boolean[] = []
  const hub = createEventHub((heard) => changes.push(heard))
  const stop = new AbortController()
  hub.emit(event(0))
  const events = hub.subscribe(stop.signal)
  hub.emit(event(1))
  hub.emit(event(2))
  expect([(await events.next()).value, (await events.next()).value]).toEqual([event(1), event(2)])
  const waiting = events.next()
  stop.abort()
  expect((await waiting).done).toBe(true)
  expect(changes).toEqual([true, false])
  expect((await hub.subscribe(stop.signal).next()).done).toBe(true)
  expect(hub.heard()).toBe(false)
})

test('a listener that falls behind is cut off one event over the limit, and the others go on', async () => {
  const hub = createEventHub()
  const stop = new AbortController()
  const slow = hub.subscribe(stop.signal)
  const quick = hub.subscribe(stop.signal)
  for (let i = 0; i < LIMITS.eventBacklog; i++) {
    hub.emit(event(i))
    await quick.next()
  }
  expect((await slow.next()).value).toEqual(event(0))
  hub.emit(event(1))
  hub.emit(event(2))
  await expect(slow.next()).rejects.toMatchObject({ code: 'events_lagging', limit: 'eventBacklog' })
  expect([(await quick.next()).value, (await quick.next()).value]).toEqual([event(1), event(2)])
  expect(hub.heard()).toBe(true)
  await quick.return?.()
  expect(hub.heard()).toBe(false)
})
