/** Core instances that are used again must be as good as new: every outcome is that of a host that makes new ones for each run. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fileCid, LIMITS, toHex, utf8, type CID } from '../../core/index.ts'
import { INSTANCE_BYTES } from '../pool/index.ts'
import { contract } from '../testing/contract.ts'
import { CONTEXT, memoryFiles } from '../testing/host.ts'
import { wat } from '../testing/wat.ts'
import { WasiRun } from '../wasi/index.ts'
import { LinkedExecution } from './execution.ts'
import { createHost, type GuestOutcome } from './index.ts'
import { LinkedPool } from './pool.ts'
import { judge, prepareLinked, type LinkedGuest } from './prepared.ts'

/**
 * One sibling has the memory, a global that both change and a table that the other fills; the other a memory of its own and a start function. `step`
 * does what its number says: writes, sums up all that lasts, grows, traps, spins, recurses, calls through the table.
 */
const SIBLINGS = `(component
  (core module $lib
    (memory (export "memory") 2 4)
    (data (i32.const 70000) "abcdefgh")
    (global (export "shared") (mut i32) (i32.const 5))
    (global $own (mut i64) (i64.const 9))
    (table (export "table") 4 funcref)
    (func (export "own") (param i64) (result i64) (global.set $own (i64.add (global.get $own) (local.get 0))) (global.get $own)))
  (core module $main
    (import "lib" "memory" (memory 2 4))
    (import "lib" "shared" (global $shared (mut i32)))
    (import "lib" "table" (table 4 funcref))
    (import "lib" "own" (func $own (param i64) (result i64)))
    (type $t (func (result i32)))
    (global $calls (mut f64) (f64.const 0.5))
    (func $nine (result i32) (i32.const 9))
    (func $begin (global.set $calls (f64.const 1.5)) (i32.store (i32.const 100) (i32.const 77)))
    (start $begin)
    (elem (i32.const 2) $nine)
    (data (i32.const 8) "xyz")
    (func $sum (result i32) (local $at i32) (local $sum i32)
      (loop $l
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (i32.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br_if $l (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))))
      (i32.add (local.get $sum) (i32.add (i32.mul (global.get $shared) (i32.const 7))
        (i32.add (i32.trunc_f64_s (global.get $calls)) (i32.wrap_i64 (call $own (i64.const 0)))))))
    (func $down (param i32) (result i32) (call $down (i32.add (local.get 0) (i32.const 1))))
    (func (export "step") (param $op i32) (param $arg i32) (result i32)
      (global.set $calls (f64.add (global.get $calls) (f64.const 1)))
      (if (i32.eq (local.get $op) (i32.const 0)) (then
        (i32.store (i32.and (local.get $arg) (i32.const 0x1fffc)) (i32.xor (local.get $arg) (i32.const -1)))
        (global.set $shared (local.get $arg)) (drop (call $own (i64.extend_i32_u (local.get $arg))))))
      (if (i32.eq (local.get $op) (i32.const 1)) (then (return (memory.grow (i32.const 1)))))
      (if (i32.eq (local.get $op) (i32.const 2)) (then unreachable))
      (if (i32.eq (local.get $op) (i32.const 3)) (then (loop $l (global.set $shared (i32.const 1)) (br $l))))
      (if (i32.eq (local.get $op) (i32.const 4)) (then (return (call $down (local.get $arg)))))
      (if (i32.eq (local.get $op) (i32.const 5)) (then (return (call_indirect (type $t) (i32.and (local.get $arg) (i32.const 3))))))
      (if (i32.eq (local.get $op) (i32.const 6)) (then (memory.fill (i32.const 0) (local.get $arg) (i32.const 131072))))
      (call $sum)))
  (core instance $l (instantiate $lib))
  (core instance $m (instantiate $main (with "lib" (instance $l))))
  (func $step (param "op" u32) (param "arg" s32) (result s32) (canon lift (core func $m "step")))
  (instance $i (export "step" (func $step)))
  (export "a:b/c@1.0.0" (instance $i)))`

const GAS = 20_000_000n

type Ask = (path: string, body: string, gas?: bigint) => Promise<GuestOutcome>

async function asking(component: Uint8Array, maxPooledBytes?: number): Promise<Ask> {
  const host = createHost({ files: memoryFiles(), ...(maxPooledBytes === undefined ? {} : { maxPooledBytes }) })
  const { module } = await host.admit(component)
  return (path, body, gasLimit = GAS) =>
    host.invoke({ module, request: { method: 'POST', path, headers: [], body: utf8(body) }, context: CONTEXT, gasLimit })
}

const guestOf = async (component: Uint8Array): Promise<LinkedGuest> =>
  prepareLinked(component, judge(component) as NonNullable<ReturnType<typeof judge>>)

const poolable = async (text: string): Promise<boolean> => (await guestOf(await wat(text))).poolable

test('U4.3-GAS-1: whatever ran before, results, gas and budgets of pooled siblings are those of new ones', async () => {
  const component = await wat(SIBLINGS)
  expect((await guestOf(component)).poolable).toBe(true)
  const step = fc.record({
    op: fc.nat(7),
    arg: fc.integer(),
    gas: fc.oneof({ weight: 3, arbitrary: fc.constant(GAS) }, fc.bigInt(0n, GAS)),
  })
  const [pooled, fresh] = [await asking(component), await asking(component, 0)]
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      for (const { op, arg, gas } of steps) {
        const body = JSON.stringify([op, arg])
        expect(await pooled('/step', body, gas), body).toEqual(await fresh('/step', body, gas))
      }
    }),
    { numRuns: 25 },
  )
})

test('the gas of pooled siblings is exact: one less than they need ends the run', async () => {
  const ask = await asking(await wat(SIBLINGS))
  const { gas } = await ask('/step', '[0, 12]')
  for (let i = 0; i < 3; i++) {
    expect(await ask('/step', '[0, 12]', gas)).toMatchObject({ status: 'ok', gas })
    expect(await ask('/step', '[0, 12]', gas - 1n)).toMatchObject({ status: 'out-of-gas', gas: gas - 1n })
  }
})

describe('the pool', () => {
  /** A run of `step` on instances at hand. */
  async function run(execution: LinkedExecution, op: number, arg = 1): Promise<string> {
    const { entries, grants } = execution.guest
    const [entry] = entries.values()
    const outside = { grants, files: { size: 0 } } as ConstructorParameters<typeof WasiRun>[2]
    execution.begin(
      GAS,
      (meter) => new WasiRun(meter, CONTEXT, outside, { args: [], env: [], stdin: new Uint8Array(0), keepsOutput: false }),
    )
    const { status } = await execution.run(entry as NonNullable<typeof entry>, () => [op, arg])
    return status
  }
  const all = ({ memories }: LinkedExecution): string[] => memories.map((bytes) => toHex(bytes))

  test('instances whose run came to its end are used again, as they were; those that trapped, ran dry or grew are not', async () => {
    const guest = await guestOf(await wat(SIBLINGS))
    const pool = new LinkedPool(1 << 30)
    const first = pool.take(guest)
    const before = all(first)
    expect(await run(first, 6, 255)).toBe('ok')
    expect(all(first)).not.toEqual(before)
    pool.give(first, 't')
    expect([pool.count, pool.take(guest)]).toEqual([1, first])
    expect(all(first)).toEqual(before)
    const ends = [
      [1, 'ok'],
      [2, 'trap'],
      [3, 'out-of-gas'],
      [4, 'trap'],
    ] as const
    for (const [op, status] of ends) {
      const taken = pool.take(guest)
      expect(await run(taken, op), String(op)).toBe(status)
      pool.give(taken, 't')
      expect(pool.count, String(op)).toBe(0)
    }
    pool.give(first, 't')
    pool.forget(guest)
    expect([pool.count, pool.bytes]).toEqual([0, 0])
  })

  test('two memories are both set back; one that grew keeps neither', async () => {
    const text = `(component
      (core module $a (memory (export "small") 1) (data (i32.const 0) "a")
        (func (export "poke") (param i32) (if (i32.eqz (local.get 0)) (then (drop (memory.grow (i32.const 1)))))
          (i32.store (i32.const 9) (local.get 0))))
      (core module $b (import "a" "poke" (func $poke (param i32))) (memory (export "large") 3) (data (i32.const 5) "b")
        (func (export "step") (param i32 i32) (result i32) (call $poke (local.get 1)) (i32.store (i32.const 4) (i32.const -1)) (i32.const 1)))
      (core instance $x (instantiate $a)) (core instance $y (instantiate $b (with "a" (instance $x))))
      (func $step (param "op" u32) (param "arg" s32) (result s32) (canon lift (core func $y "step")))
      (instance $i (export "step" (func $step))) (export "a:b/c@1.0.0" (instance $i)))`
    const guest = await guestOf(await wat(text))
    expect(guest.memories.map(({ name }) => name)).toEqual(['large', 'small'])
    const pool = new LinkedPool(1 << 30)
    const taken = pool.take(guest)
    const before = all(taken)
    expect(await run(taken, 0, 7)).toBe('ok')
    expect(all(taken).every((bytes, i) => bytes !== before[i])).toBe(true)
    pool.give(taken, 't')
    expect(pool.take(guest)).toBe(taken)
    expect(all(taken)).toEqual(before)
    expect(await run(taken, 0, 0)).toBe('ok')
    pool.give(taken, 't')
    expect(pool.count).toBe(0)
  })
})

const component = (modules: string): string => `(component ${modules}
  (func $f (result u32) (canon lift (core func $m "f"))) (instance $x (export "f" (func $f))) (export "a:b/c@1.0.0" (instance $x)))`
const F = '(func (export "f") (result i32) (i32.const 7))'
const alone = (text: string): string => component(`(core module $n ${text} ${F}) (core instance $m (instantiate $n))`)
const pair = (first: string, second: string): string =>
  component(`(core module $p ${first}) (core module $n ${second} ${F})
    (core instance $l (instantiate $p)) (core instance $m (instantiate $n (with "l" (instance $l))))`)

test('what no pool can set back is made anew: hidden memories, changed tables, dropped segments, segments behind a start function', async () => {
  expect(await poolable(alone('(memory (export "m") 1)'))).toBe(true)
  expect(await poolable(alone('(memory 1)'))).toBe(false)
  expect(await poolable(alone('(memory (export "utnet:m") 1)'))).toBe(false)
  const table = '(table 2 funcref) (elem declare func $g) (func $g)'
  expect(await poolable(alone(`${table} (func (call_indirect (i32.const 0)))`))).toBe(true)
  expect(await poolable(alone(`${table} (func (table.set (i32.const 0) (ref.func $g)))`))).toBe(false)
  expect(await poolable(alone('(memory (export "m") 1) (data $d "a") (func (data.drop $d))'))).toBe(false)
  const memory = '(memory (export "m") 1)'
  const start = `${memory} (func $s (i32.store (i32.const 0) (i32.const 1))) (start $s)`
  const segment = '(import "l" "m" (memory 1)) (data (i32.const 0) "a")'
  expect(await poolable(pair(memory, segment))).toBe(true)
  expect(await poolable(pair(start, segment))).toBe(false)
  expect(await poolable(pair(start, '(import "l" "m" (memory 1))'))).toBe(true)
  // What the instances bring is counted together
  const pages = (n: number): string => `(memory (export "m") ${n})`
  expect(await poolable(pair(pages(LIMITS.linkedPooledPages - 1), pages(1)))).toBe(true)
  expect(await poolable(pair(pages(LIMITS.linkedPooledPages), pages(1)))).toBe(false)
})

test('a segment that lies outside stays a trap of every run', async () => {
  const text = pair('(memory (export "m") 1)', '(import "l" "m" (memory 1)) (data (i32.const 65536) "a")')
  const [pooled, fresh] = [await asking(await wat(text)), await asking(await wat(text), 0)]
  for (const gas of [GAS, 10n, 0n]) {
    const outcome = await fresh('/f', '[]', gas)
    expect(outcome.status).not.toBe('ok')
    expect(await pooled('/f', '[]', gas)).toEqual(outcome)
    expect(await pooled('/f', '[]', gas)).toEqual(outcome)
  }
})

test('a program in Rust answers from used instances what it answers from new ones', async () => {
  const words = new Uint8Array(readFileSync(new URL('../../../test/foreign/fixtures/words-rust.wasm', import.meta.url)))
  expect((await guestOf(words)).poolable).toBe(true)
  const [pooled, fresh] = [await asking(words), await asking(words, 0)]
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 200 }), fc.array(fc.stringMatching(/^[a-z]{0,5}$/), { maxLength: 3 }), async (stdin, args) => {
      const path = `/?${args.map((arg) => `arg=${arg}`).join('&')}`
      expect(await pooled(path, stdin)).toEqual(await fresh(path, stdin))
    }),
    { numRuns: 20 },
  )
})

test('what a pool holds of a linked guest is counted: all of its memories, each of its instances, what they are set back by', async () => {
  const host = createHost({ files: memoryFiles() })
  const pages = (n: number, byte: string): string => `(memory (export "m") ${n}) (data (i32.const 0) "${byte}")`
  const { module } = await host.admit(await wat(pair(pages(3, 'abc'), pages(2, 'de'))))
  expect(host.usage()).toMatchObject({ guests: 1, idle: 0, idleBytes: 0 })
  const request = { method: 'POST', path: '/f', headers: [], body: utf8('[]') }
  await host.invoke({ module, request, context: CONTEXT, gasLimit: GAS })
  // Images are whole words
  expect(host.usage()).toMatchObject({ guests: 1, idle: 1, idleBytes: 5 * 65_536 + 2 * INSTANCE_BYTES + 4 + 4 })
})

test('limits that are given hold for guests of our own shape and linked ones together', async () => {
  const texts = [1, 2, 3].map((n) => alone(`(memory (export "m") ${n})`))
  const components = await Promise.all(texts.map(wat))
  const own = await contract(
    'export f: func() -> u32;',
    '(module (memory (export "memory") 1) (func (export "f") (result i32) (i32.const 1)))',
  )
  const all = createHost({ files: memoryFiles() })
  for (const bytes of [own, ...components]) await all.admit(bytes)
  const { guestBytes } = all.usage()
  // The id of the guest that is not linked does not make up for what is missing: the linked guest that came first leaves
  const small = createHost({ files: memoryFiles(), maxCachedBytes: guestBytes - 100 })
  for (const bytes of [own, ...components]) await small.admit(bytes)
  expect(small.usage().guests).toBe(3)
  expect(small.usage().guestBytes).toBeLessThan(guestBytes - 100)
  expect(small.loaded(fileCid(components[0] as Uint8Array))).toBe(false)
  const large = createHost({ files: memoryFiles(), maxCachedBytes: guestBytes })
  for (const bytes of [own, ...components]) await large.admit(bytes)
  expect(large.usage()).toMatchObject({ guests: 4, guestBytes })
})

test('data of a linked guest counts as often as it lies in memory: with the component and with what is prepared', async () => {
  const size = 1 << 20
  const bytesOf = async (data: number): Promise<number> => {
    const host = createHost({ files: memoryFiles() })
    await host.admit(await wat(alone(`(memory (export "m") 32) (data (i32.const 0) "${'a'.repeat(data)}")`)))
    return host.usage().guestBytes
  }
  const more = (await bytesOf(size)) - (await bytesOf(0))
  expect(more).toBeGreaterThanOrEqual(2 * size)
  expect(more).toBeLessThan(2 * size + 100)
})

test('guests are made ready one at a time: what waits has not even its bytes in memory', async () => {
  const stored = memoryFiles()
  const components = await Promise.all([1, 2, 3, 4].map((n) => wat(alone(`(memory (export "m") ${n})`))))
  const modules = await Promise.all(components.map((bytes) => stored.putFile(bytes)))
  const missing = fileCid(utf8('of no file'))
  /** Which one is read, and how many are ready by then. */
  const reads: (readonly [number, number])[] = []
  const host = createHost({
    files: {
      ...stored,
      getFile: (cid, most) => {
        reads.push([modules.findIndex((m) => m.equals(cid)), host.usage().guests])
        return stored.getFile(cid, most)
      },
    },
  })
  // one that fails lets the next one on, and one that is asked for twice is made once
  const loads = [modules[0], missing, modules[1], modules[0], modules[2]].map((module) => host.load(module as CID))
  const admitted = host.admit(components[3] as Uint8Array)
  const ended = await Promise.allSettled([...loads, admitted])
  expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled'])
  expect(reads).toEqual([
    [0, 0],
    [-1, 1],
    [1, 1],
    [2, 2],
  ])
  expect(host.usage().guests).toBe(4)
})
