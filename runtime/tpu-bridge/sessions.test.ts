import { expect, test } from 'vitest'
import { cidOf, RAW, utf8, UtnetError } from '../core/index.ts'
import type { CID } from '../core/index.ts'
import type { Device, LoadedModel } from './device.ts'
import { SessionCache } from './sessions.ts'

const ids = ['a', 'b', 'c', 'd'].map((s) => cidOf(RAW, utf8(s))) as [CID, CID, CID, CID]

/** A device that counts; nothing of the cache depends on what a model computes. */
function countingDevice(bytes = 10) {
  const log: string[] = []
  const name = (cid: CID): string => 'abcd'.charAt(ids.findIndex((i) => i.equals(cid)))
  const device: Device = {
    id: 'counting',
    class: 'unchecked',
    arithmetic: 'unchecked:counting',
    available: async () => true,
    async load(_, model): Promise<LoadedModel> {
      await new Promise((r) => setTimeout(r, 1))
      log.push(`load ${name(model)}`)
      const run = async (): Promise<never[]> => []
      const verified = (): Promise<never> => Promise.reject(new Error('nobody verifies here'))
      return { inputs: [], outputs: [], bytes, run, verified, close: async () => void log.push(`close ${name(model)}`) }
    },
    close: async () => {},
  }
  return { device, log }
}

const read = async (): Promise<Uint8Array> => new Uint8Array()
const settle = (): Promise<void> => new Promise((r) => setTimeout(r, 5))

test('the first use by many at once loads once', async () => {
  const { device, log } = countingDevice()
  const cache = new SessionCache(100)
  await Promise.all(Array.from({ length: 20 }, () => cache.use(device, ids[0], read, async () => {})))
  expect(log).toEqual(['load a'])
})

test('uses of one session do not overlap, and keep their order; other sessions go on', async () => {
  const { device } = countingDevice()
  const cache = new SessionCache(100)
  const order: string[] = []
  let inside = 0
  const hold = Promise.withResolvers<void>()
  const stuck = cache.use(device, ids[1], read, () => hold.promise)
  await Promise.all(
    [1, 2, 3, 4].map((i) =>
      cache.use(device, ids[0], read, async () => {
        expect(++inside).toBe(1)
        await settle()
        inside--
        order.push(String(i))
      }),
    ),
  )
  expect(order).toEqual(['1', '2', '3', '4'])
  hold.resolve()
  await stuck
})

test('the least recently used session is closed over the byte budget, never one in use', async () => {
  const { device, log } = countingDevice(40)
  const cache = new SessionCache(100)
  const use = (i: 0 | 1 | 2 | 3, work = async (): Promise<void> => {}) => cache.use(device, ids[i], read, work)
  await use(0)
  await use(1)
  await use(0)
  await use(2)
  await settle()
  expect(log).toEqual(['load a', 'load b', 'load c', 'close b'])
  expect(cache.keys()).toEqual([`counting/${ids[0].toString()}`, `counting/${ids[2].toString()}`])
  const hold = Promise.withResolvers<void>()
  const busy = use(0, () => hold.promise)
  await use(1)
  await use(3)
  await settle()
  expect(log.slice(4)).toEqual(['load b', 'close c', 'load d'])
  hold.resolve()
  await busy
  await settle()
  expect(log.slice(7)).toEqual(['close a'])
  await cache.close()
  expect(log.slice(8).sort()).toEqual(['close b', 'close d'])
})

test('a model over the whole budget runs and is closed after', async () => {
  const { device, log } = countingDevice(1000)
  const cache = new SessionCache(100)
  expect(await cache.use(device, ids[0], read, async () => 'ran')).toBe('ran')
  await settle()
  expect(log).toEqual(['load a', 'close a'])
  expect(cache.keys()).toEqual([])
})

test('a load that fails is not kept, and fails everyone who waited for it', async () => {
  const { device, log } = countingDevice()
  const cache = new SessionCache(100)
  let broken = true
  const flaky = async (): Promise<Uint8Array> => {
    if (broken) throw new UtnetError('block_not_found', 'gone')
    return new Uint8Array()
  }
  const all = await Promise.allSettled([1, 2, 3].map(() => cache.use(device, ids[0], flaky, async () => {})))
  expect(all.map((r) => r.status)).toEqual(['rejected', 'rejected', 'rejected'])
  broken = false
  await cache.use(device, ids[0], flaky, async () => {})
  expect(log).toEqual(['load a'])
})

test('a session whose device failed is loaded again; one whose caller erred is kept', async () => {
  const { device, log } = countingDevice()
  const cache = new SessionCache(100)
  const failing = (code: 'device_failed' | 'tensor_shape') =>
    cache.use(device, ids[0], read, async () => Promise.reject(new UtnetError(code, code)))
  await expect(failing('tensor_shape')).rejects.toThrow('tensor_shape')
  await expect(failing('device_failed')).rejects.toThrow('device_failed')
  await cache.use(device, ids[0], read, async () => {})
  await settle()
  expect(log.sort()).toEqual(['close a', 'load a', 'load a'])
})

test('a session whose device came down with another is loaded again before its next use', async () => {
  const { device, log } = countingDevice()
  let down = false
  const failing: Device = { ...device, load: async (bytes, model) => ({ ...(await device.load(bytes, model)), gone: () => down }) }
  const cache = new SessionCache(100)
  const ran = () => cache.use(failing, ids[0], read, async ({ gone }) => gone?.())
  expect([await ran(), await ran()]).toEqual([false, false])
  down = true
  const again = ran()
  down = false
  expect(await again).toBe(false)
  await settle()
  expect(log.sort()).toEqual(['close a', 'load a', 'load a'])
})

test('uses overlap where model and caller allow it; an exclusive one waits for all before it, and nothing is closed under anyone', async () => {
  const { device, log } = countingDevice(60)
  const joining: Device = { ...device, load: async (bytes, model) => ({ ...(await device.load(bytes, model)), together: true }) }
  const cache = new SessionCache(100)
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const begun: string[] = []
  const use = (name: string, together: boolean, gate?: Promise<void>) =>
    cache.use(
      joining,
      ids[0],
      read,
      async () => {
        begun.push(name)
        await gate
      },
      together,
    )
  const running = [use('a', true, gates[0]?.promise), use('b', true, gates[1]?.promise), use('alone', false), use('c', true)]
  await settle()
  expect(begun).toEqual(['a', 'b', 'c'])
  // over the budget: the first session goes, once its runs are over
  await cache.use(joining, ids[1], read, async () => {})
  gates[1]?.resolve()
  await settle()
  expect([begun.length, log]).toEqual([3, ['load a', 'load b']])
  gates[0]?.resolve()
  await Promise.all(running)
  await settle()
  expect([begun.at(-1), log]).toEqual(['alone', ['load a', 'load b', 'close a']])
  expect(cache.held()).toEqual([[`counting/${ids[1].toString()}`, 60]])
})
