import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS, toHex } from '../../core/index.ts'
import { Admission, InstancePool, MemoryImage, type Pooled } from './index.ts'

const PAGE = 65_536

interface Simulated extends Pooled {
  resets: number
}

const simulated = (pages = 1): Simulated => ({
  bytes: new Uint8Array(pages * PAGE),
  resets: 0,
  reset() {
    this.resets++
  },
})

/** A pool with one new instance for each guest in flight. */
function filled(pool: InstancePool<object, Pooled>, guest: object, tenant: string, instances = 1, pages = 1): void {
  for (let i = 0; i < instances; i++) {
    const instance = simulated(pages)
    pool.made(guest, instance)
    pool.give(guest, instance, tenant)
  }
}

test('an image makes a memory what it was, wherever it was written', () => {
  const writes = fc.array(fc.tuple(fc.nat(2 * PAGE - 1), fc.uint8Array({ minLength: 1, maxLength: 3_000 })), { maxLength: 12 })
  const write = (memory: Uint8Array, at: number, bytes: Uint8Array): void => memory.set(bytes.subarray(0, memory.length - at), at)
  fc.assert(
    fc.property(writes, writes, (first, later) => {
      const memory = new Uint8Array(2 * PAGE)
      for (const [at, bytes] of first) write(memory, at, bytes)
      const before = toHex(memory)
      const image = MemoryImage.of(memory)
      expect(toHex(memory)).toBe(before)
      for (const [at, bytes] of later) write(memory, at, bytes)
      image.restore(memory)
      expect(toHex(memory)).toBe(before)
      memory.fill(0xff)
      image.restore(memory)
      expect(toHex(memory)).toBe(before)
    }),
    { numRuns: 60 },
  )
})

test('a memory that ends in bytes, one of zeros and an empty one have images', () => {
  for (const memory of [new Uint8Array(PAGE).fill(9), new Uint8Array(PAGE), new Uint8Array(PAGE).fill(1, PAGE - 1), new Uint8Array(0)]) {
    const before = toHex(memory)
    const image = MemoryImage.of(memory)
    memory.fill(7)
    image.restore(memory)
    expect(toHex(memory)).toBe(before)
  }
})

test('the instance given back last is taken first, set back; one that grew is dropped', () => {
  const pool = new InstancePool<object, Simulated>(1 << 30)
  const guest = {}
  const [a, b, c] = [simulated(), simulated(), simulated(2)]
  pool.made(guest, a)
  a.bytes.fill(5)
  for (const instance of [a, b, c]) pool.give(guest, instance, 't')
  expect(pool.count).toBe(2)
  expect(c.resets).toBe(0)
  expect(pool.take(guest)).toBe(b)
  expect(pool.take(guest)).toBe(a)
  expect(pool.take(guest)).toBeUndefined()
  expect(a.resets).toBe(1)
  expect(a.bytes.every((byte) => byte === 0)).toBe(true)
  expect([pool.count, pool.bytes]).toEqual([0, 0])
})

test('over its bytes the pool drops instances of the guest used least recently', () => {
  const one = new InstancePool<object, Pooled>(1 << 30)
  filled(one, {}, 't')
  const size = one.bytes
  const pool = new InstancePool<object, Pooled>(3 * size)
  const [a, b, c] = [{}, {}, {}]
  filled(pool, a, 'a', 2)
  filled(pool, b, 'b')
  expect([pool.count, pool.bytes]).toEqual([3, 3 * size])
  // Now a is used later than b
  pool.give(a, pool.take(a) as Pooled, 'a')
  filled(pool, c, 'c')
  expect([pool.count, pool.bytes]).toEqual([3, 3 * size])
  expect(pool.take(b)).toBeUndefined()
  expect(pool.take(c)).toBeDefined()
  // An instance that alone is over the bytes is not kept
  const small = new InstancePool<object, Pooled>(size - 1)
  filled(small, a, 'a')
  expect(small.count).toBe(0)
})

test('images and what an instance takes beside its memory count, until their guest is forgotten', () => {
  const instance = (): Pooled => ({ ...simulated(), beside: 1_000 })
  const guest = {}
  const give = (pool: InstancePool<object, Pooled>): boolean => {
    const made = instance()
    made.bytes.fill(7, 100, 200)
    expect(pool.made(guest, made)).toBe(pool.bytes === 100)
    return pool.give(guest, made, 't')
  }
  const taken = PAGE + 1_000 + 100
  const pool = new InstancePool<object, Pooled>(taken)
  expect([give(pool), pool.count, pool.bytes]).toEqual([true, 1, taken])
  pool.forget(guest)
  expect([pool.count, pool.bytes]).toEqual([0, 0])
  expect(pool.made(guest, instance())).toBe(false)
  const small = new InstancePool<object, Pooled>(() => taken - 1)
  expect([give(small), small.count, small.bytes]).toEqual([false, 0, 100])
})

test('the limit pooledInstances holds: at it all stay, one over the oldest goes', () => {
  const pool = new InstancePool<object, Pooled>(2 ** 40)
  const oldest = {}
  filled(pool, oldest, 'o', 1, 0)
  for (let i = 1; i < LIMITS.pooledInstances; i++) filled(pool, {}, `t${i}`, 1, 0)
  expect(pool.count).toBe(LIMITS.pooledInstances)
  filled(pool, {}, 'last', 1, 0)
  expect(pool.count).toBe(LIMITS.pooledInstances)
  expect(pool.take(oldest)).toBeUndefined()
})

test('the limit tenantIdleBytes holds: a tenant over it loses its own instances and no one else does', () => {
  const one = new InstancePool<object, Pooled>(1 << 30)
  filled(one, {}, 't')
  const most = Math.floor(LIMITS.tenantIdleBytes / one.bytes)
  const pool = new InstancePool<object, Pooled>(2 ** 40)
  const [other, first] = [{}, {}]
  filled(pool, other, 'other')
  filled(pool, first, 'greedy')
  for (let i = 1; i < most; i++) filled(pool, {}, 'greedy')
  expect(pool.count).toBe(most + 1)
  filled(pool, {}, 'greedy')
  expect(pool.count).toBe(most + 1)
  expect(pool.take(first)).toBeUndefined()
  expect(pool.take(other)).toBeDefined()
})

test('a guest that is forgotten keeps nothing, not even what comes back later', () => {
  const pool = new InstancePool<object, Pooled>(1 << 30)
  const guest = {}
  filled(pool, guest, 't', 2)
  const inFlight = pool.take(guest) as Pooled
  pool.forget(guest)
  expect([pool.count, pool.bytes]).toEqual([0, 0])
  pool.give(guest, inFlight, 't')
  expect(pool.count).toBe(0)
})

// admission

const busy = (limit: string, allowed: number) =>
  expect.objectContaining({ code: 'host_busy', limit, allowed, details: { retryAfterSeconds: 1 } })

test('tenantRuns and runsInFlight: at the limit a run is let in, one over is refused until one leaves', () => {
  const admission = new Admission()
  const tickets = Array.from({ length: LIMITS.tenantRuns }, () => admission.enter('a'))
  expect(() => admission.enter('a')).toThrow(busy('tenantRuns', LIMITS.tenantRuns))
  for (let i = 0; admission.runs < LIMITS.runsInFlight; i++) tickets.push(admission.enter(`t${i % 100}`))
  expect(() => admission.enter('new')).toThrow(busy('runsInFlight', LIMITS.runsInFlight))
  admission.leave(tickets.pop() as (typeof tickets)[number])
  tickets.push(admission.enter('new'))
  for (const ticket of tickets) admission.leave(ticket)
  expect(admission.runs).toBe(0)
  admission.leave(admission.enter('a'))
})

test('tenantBytes and heldBytes: memory of runs that wait, at the limit and one over; what left is free again', () => {
  const admission = new Admission()
  const [a, again] = [admission.enter('a'), admission.enter('a')]
  admission.hold(a, LIMITS.tenantBytes - 1)
  admission.hold(again, 1)
  expect(() => admission.hold(again, 2)).toThrow(busy('tenantBytes', LIMITS.tenantBytes))
  // A run that waits again is counted once
  admission.hold(a, LIMITS.tenantBytes - 2)
  admission.hold(again, 2)
  admission.leave(a)
  admission.leave(again)
  const tickets = Array.from({ length: LIMITS.heldBytes / LIMITS.tenantBytes }, (_, i) => admission.enter(`t${i}`))
  for (const ticket of tickets) admission.hold(ticket, LIMITS.tenantBytes)
  const late = admission.enter('late')
  expect(() => admission.hold(late, 1)).toThrow(busy('heldBytes', LIMITS.heldBytes))
  admission.leave(tickets[0] as (typeof tickets)[number])
  admission.hold(late, LIMITS.tenantBytes)
})
