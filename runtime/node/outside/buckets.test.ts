import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes, toHex, utf8, UtnetError, type Kv } from '../../core/index.ts'
import { createBuckets } from './buckets.ts'

/** A store whose writes reach it when the test says so. */
function simulatedKv(): Kv & { land: (which?: number) => Promise<void> } {
  const rows = new Map<string, readonly [Uint8Array, Uint8Array]>()
  let waiting: (() => void)[] = []
  return {
    get: (key) => rows.get(toHex(key))?.[1],
    range: (from, to, { limit = Number.POSITIVE_INFINITY } = {}) =>
      [...rows.values()]
        .filter(([key]) => compareBytes(key, from) >= 0 && compareBytes(key, to) < 0)
        .sort(([a], [b]) => compareBytes(a, b))
        .slice(0, limit),
    commit: (changes) =>
      new Promise((done) => {
        waiting.push(() => {
          for (const [key, value] of changes) {
            if (value === undefined) rows.delete(toHex(key))
            else rows.set(toHex(key), [key, value])
          }
          done()
        })
      }),
    close: () => Promise.resolve(),
    // all that wait, or one of them
    land: async (which) => {
      const some = which === undefined ? waiting : waiting.slice(which, which + 1)
      waiting = waiting.filter((write) => !some.includes(write))
      for (const write of some) write()
      await setImmediate()
    },
  }
}

test('a write is read at once, before and after it is on disk; buckets do not see each other', async () => {
  const kv = simulatedKv()
  const buckets = createBuckets(kv)
  buckets.set('a', 'k', utf8('1'))
  buckets.set('a', 'z', utf8('2'))
  const seen = (): unknown[] => [
    buckets.get('a', 'k'),
    buckets.get('b', 'k'),
    buckets.keys('a', '', 10),
    buckets.keys('a', 'k', 10),
    buckets.keys('a', '', 1),
  ]
  const before = seen()
  expect(before).toEqual([utf8('1'), undefined, ['k', 'z'], ['z'], ['k']])
  await kv.land()
  expect(seen()).toEqual(before)
  buckets.set('a', 'k', undefined)
  expect(seen()).toEqual([undefined, undefined, ['z'], ['z'], ['z']])
  await kv.land()
  expect(seen()).toEqual([undefined, undefined, ['z'], ['z'], ['z']])
})

test('the later of two writes stands, whichever lands first', async () => {
  const kv = simulatedKv()
  const buckets = createBuckets(kv)
  buckets.set('a', 'k', utf8('1'))
  buckets.set('a', 'k', utf8('2'))
  expect(buckets.get('a', 'k')).toEqual(utf8('2'))
  await kv.land(0)
  expect(buckets.get('a', 'k')).toEqual(utf8('2'))
  await kv.land()
  expect(buckets.get('a', 'k')).toEqual(utf8('2'))
  buckets.set('a', 'k', utf8('3'))
  buckets.set('a', 'k', utf8('4'))
  await kv.land(1)
  buckets.set('a', 'k', utf8('5'))
  await kv.land(0)
  expect(buckets.get('a', 'k')).toEqual(utf8('5'))
})

test('a listing is the keys behind a mark in their order, whatever of them is on disk, on its way there, or on its way out', async () => {
  const key = fc.constantFrom('a', 'aa', 'b', 'c', 'é', 'z', '\u{1f600}')
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom('set', 'remove'), key }),
    fc.constant({ kind: 'land', key: '' }),
    fc.record({ kind: fc.constant('list'), key: fc.oneof(key, fc.constant('')) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), fc.integer({ min: 1, max: 4 }), async (steps, limit) => {
      const kv = simulatedKv()
      const buckets = createBuckets(kv)
      const model = new Set<string>()
      for (const { kind, key: k } of [...steps, { kind: 'list', key: '' }]) {
        if (kind === 'land') await kv.land()
        else if (kind === 'set') buckets.set('a', k, utf8((model.add(k), k)))
        else if (kind === 'remove') buckets.set('a', k, (model.delete(k), undefined))
        else {
          const all = [...model].filter((m) => compareBytes(utf8(m), utf8(k)) > 0)
          expect(buckets.keys('a', k, limit)).toEqual(all.sort((x, y) => compareBytes(utf8(x), utf8(y))).slice(0, limit))
        }
      }
    }),
  )
})

test('what was set is on disk when that is said, and a disk that fails is told', async () => {
  const kv = simulatedKv()
  const buckets = createBuckets(kv)
  await buckets.written()
  buckets.set('a', 'k', utf8('1'))
  buckets.set('a', 'l', utf8('2'))
  let said = false
  const written = buckets.written().then(() => (said = true))
  await setImmediate()
  expect(said).toBe(false)
  await kv.land()
  await written
  expect([said, [...kv.range(new Uint8Array(0), Uint8Array.of(0xff))].length]).toEqual([true, 2])
  let commits = 0
  const failing = createBuckets({
    ...kv,
    commit: () => (commits++ === 0 ? Promise.reject(new UtnetError('disk_failed', 'gone')) : Promise.resolve()),
  })
  failing.set('a', 'k', utf8('1'))
  // nobody waits yet
  await setImmediate()
  failing.set('a', 'l', utf8('2'))
  await expect(failing.written()).rejects.toMatchObject({ code: 'disk_failed' })
  expect(failing.get('a', 'k')).toEqual(utf8('1'))
})
