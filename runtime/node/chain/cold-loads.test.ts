import { expect, test } from 'vitest'
import { cidOf, fileCid, LIMITS, RAW, utf8, UtnetError, type CID, type GuestInfo } from '../../core/index.ts'
import { createColdLoads } from './cold-loads.ts'

const module = (n: number): CID => cidOf(RAW, utf8(String(n)))

/** A host that takes `ms` for each load, by a clock of its own, and a record of what happened when. */
function setup(ms: number) {
  let now = 0
  const told: string[] = []
  const ready = new Set<string>()
  const sleeping: (() => void)[] = []
  let fail = false
  const prepared = async (m: CID): Promise<GuestInfo> => {
    if (!ready.has(m.toString())) {
      told.push(`load at ${now}`)
      await Promise.resolve()
      now += ms
      if (fail) throw new UtnetError('guest_invalid', 'no guest')
      ready.add(m.toString())
    }
    return { module: m } as GuestInfo
  }
  const cold = createColdLoads(
    { loaded: (m) => ready.has(m.toString()), load: prepared, admit: async (bytes) => prepared(fileCid(bytes)) },
    {
      nowMs: () => now,
      sleep: (wait, signal) => {
        told.push(`rest of ${wait}`)
        const woken = new Promise<void>((resolve) => {
          sleeping.push(() => {
            now += wait
            resolve()
          })
          if (signal?.aborted === true) resolve()
          signal?.addEventListener('abort', () => resolve())
        })
        return woken
      },
    },
  )
  return { cold, told, ready, sleeping, failing: (yes: boolean) => void (fail = yes) }
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

test('guests are made ready one at a time, and the thread is left alone for three times as long in between; what is ready waits for nobody', async () => {
  const { cold, told, sleeping } = setup(60)
  const all = [1, 2].map((n) => cold.load(module(n)))
  await turns()
  expect(told).toEqual(['load at 0', 'rest of 180'])
  expect((await cold.load(module(1))).module.equals(module(1))).toBe(true)
  expect(told).toHaveLength(2)
  sleeping.shift()?.()
  await turns()
  expect(told).toEqual(['load at 0', 'rest of 180', 'load at 240', 'rest of 180'])
  await Promise.all(all)
})

test('components that came with a transaction wait in the same line, at most so many, and not where they are ready', async () => {
  const { cold, told, sleeping } = setup(60)
  const first = cold.admit(utf8('a'))
  const rest = [cold.load(module(1)), cold.admit(utf8('b'))]
  for (let n = rest.length + 1; n < LIMITS.coldLoads; n++) rest.push(cold.admit(utf8(String(n))))
  await expect(cold.admit(utf8('over'))).rejects.toMatchObject({ code: 'host_busy', limit: 'coldLoads' })
  await turns()
  expect(told).toEqual(['load at 0', 'rest of 180'])
  expect((await first).module.equals(fileCid(utf8('a')))).toBe(true)
  await cold.admit(utf8('a'))
  expect(told).toHaveLength(2)
  for (let n = 0; n < LIMITS.coldLoads; n++) {
    sleeping.shift()?.()
    await turns()
  }
  expect(told.slice(2, 5)).toEqual(['load at 240', 'rest of 180', 'load at 480'])
  await Promise.all(rest)
})

test('one that is no guest takes its time, too', async () => {
  const { cold, told, failing } = setup(40)
  failing(true)
  await expect(cold.load(module(1))).rejects.toMatchObject({ code: 'guest_invalid' })
  await turns()
  expect(told).toEqual(['load at 0', 'rest of 120'])
})

test('the limit coldLoads: at it all wait, one over is host_busy, and when one is done there is room', async () => {
  const { cold, sleeping } = setup(1)
  const waiting = Array.from({ length: LIMITS.coldLoads }, (_, n) => cold.load(module(n)))
  await expect(cold.load(module(-1))).rejects.toMatchObject({ code: 'host_busy', limit: 'coldLoads' })
  await turns()
  const one = cold.load(module(-1))
  await expect(cold.load(module(-2))).rejects.toMatchObject({ code: 'host_busy' })
  for (let n = 0; n <= LIMITS.coldLoads; n++) {
    sleeping.shift()?.()
    await turns()
  }
  await Promise.all([...waiting, one])
})

test('closing lets those that wait go on', async () => {
  const { cold } = setup(1)
  const all = [1, 2, 3].map((n) => cold.load(module(n)))
  await turns()
  cold.close()
  expect((await Promise.all(all)).map(({ module: m }) => m.toString())).toEqual([1, 2, 3].map((n) => module(n).toString()))
})
