/** Runs in pooled instances against runs in new ones. */
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import {
  cidOf,
  LIMITS,
  RAW,
  commitmentRoot,
  plainCommitment,
  tensorHeads,
  utf8,
  type RunOutcome,
  type TensorBridge,
  type WitValue,
} from '../../core/index.ts'
import { buildText } from '../build/testing/guests.ts'
import { contract, REALLOC, run } from '../testing/contract.ts'
import { CONTEXT, simulatedEnv, testHost } from '../testing/host.ts'
import type { Host, HostOptions } from './index.ts'

const host = (options: Omit<HostOptions, 'files' | 'tensors'> = {}): Host => testHost(undefined, options)

/** Sees and changes all that an instance can hold: memory, globals of each type, a start function's work. */
const MEDDLER_WIT = `
import utnet:host/context@0.1.0;
export poke: func(at: u32, value: u64) -> u32;
export flood: func(byte: u8) -> u32;
export globals: func(by: u32) -> u64;
export grow: func(pages: u32) -> u32;
export crash: func(at: u32);
export spin: func(at: u32);
export refuse: func(at: u32);
export deep: func(n: u32) -> u32;
export text: func(s: string) -> u32;
export sum: func() -> u64;`
const MEDDLER = `(module
  (import "utnet:host/context@0.1.0" "height" (func $height (result i64)))
  (import "utnet:host/context@0.1.0" "revert" (func $revert (param i32 i32)))
  (memory (export "memory") 2 64) (data (i32.const 16) "hello") (data (i32.const 131000) "at the end")
  (global $a (mut i32) (i32.const 7)) (global $b (mut i64) (i64.const -9)) (global $c (mut f32) (f32.const 1.5)) (global $d (mut f64) (f64.const nan))
  (global $v (mut v128) (v128.const i32x4 1 2 3 4)) (global $f (mut funcref) (ref.null func)) (global $s (mut i64) (i64.const 0))
  ${REALLOC} (start $start)
  (table 2 funcref) (elem (i32.const 0) $start)
  (func $start (global.set $s (i64.add (global.get $s) (call $height))) (i32.store (i32.const 32) (i32.add (i32.load (i32.const 32)) (i32.const 1))))
  (func $sum (result i64) (local $i i32) (local $h i64)
    (local.set $h (i64.add (i64.add (i64.extend_i32_u (global.get $a)) (global.get $b)) (global.get $s)))
    (local.set $h (i64.add (local.get $h) (i64.extend_i32_u (i32.reinterpret_f32 (global.get $c)))))
    (local.set $h (i64.add (local.get $h) (i64.reinterpret_f64 (global.get $d))))
    (local.set $h (i64.add (local.get $h) (i64x2.extract_lane 1 (global.get $v))))
    (local.set $h (i64.add (local.get $h) (i64.extend_i32_u (ref.is_null (global.get $f)))))
    (loop $l (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 6364136223846793005)) (i64.load (local.get $i))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.shl (memory.size) (i32.const 16)))))
    (local.get $h))
  (func (export "sum") (result i64) (call $sum))
  (func (export "poke") (param i32 i64) (result i32) (i64.store (local.get 0) (local.get 1)) (i32.wrap_i64 (call $sum)))
  (func (export "flood") (param i32) (result i32) (memory.fill (i32.const 0) (local.get 0) (i32.const 131072)) (i32.wrap_i64 (call $sum)))
  (func (export "globals") (param i32) (result i64)
    (global.set $a (i32.add (global.get $a) (local.get 0))) (global.set $b (i64.extend_i32_u (local.get 0))) (global.set $c (f32.convert_i32_u (local.get 0)))
    (global.set $d (f64.const 2)) (global.set $v (i64x2.splat (i64.const 5))) (global.set $f (table.get (i32.const 0))) (call $sum))
  (func (export "grow") (param i32) (result i32) (drop (memory.grow (local.get 0))) (i64.store (i32.const 8) (i64.const -1)) (memory.size))
  (func (export "crash") (param i32) (i64.store (local.get 0) (i64.const 11)) unreachable)
  (func (export "spin") (param i32) (i64.store (local.get 0) (i64.const 12)) (loop $l (br $l)))
  (func (export "refuse") (param i32) (i64.store (local.get 0) (i64.const 13)) (global.set $a (i32.const 99)) (call $revert (i32.const 16) (i32.const 5)))
  (func $deep (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0))))
  (func (export "deep") (param i32) (result i32) (i64.store (i32.const 64) (i64.const 14)) (call $deep (local.get 0)))
  (func (export "text") (param i32 i32) (result i32) (i32.add (i32.wrap_i64 (call $sum)) (local.get 0))))`

let meddler: Uint8Array
beforeAll(async () => {
  meddler = await contract(MEDDLER_WIT, MEDDLER)
})

const place = fc.nat(131_064)
const CALLS: fc.Arbitrary<readonly [string, readonly WitValue[]]> = fc.oneof(
  place.map((at) => ['poke', [at, -1 >>> 0]] as const),
  fc.integer({ min: 0, max: 255 }).map((byte) => ['flood', [byte]] as const),
  fc.nat(1_000).map((by) => ['globals', [by]] as const),
  fc.nat(2).map((pages) => ['grow', [pages]] as const),
  place.map((at) => ['crash', [at]] as const),
  place.map((at) => ['spin', [at]] as const),
  place.map((at) => ['refuse', [at]] as const),
  fc.constantFrom(3, 100_000).map((n) => ['deep', [n]] as const),
  fc.string({ maxLength: 40 }).map((s) => ['text', [s]] as const),
  fc.constant(['sum', []] as const),
)

test('U4.3-GAS-1: whatever ran in it before, a pooled instance gives the results, gas and memory of a new one', async () => {
  const fresh = host({ maxPooledBytes: 0 })
  const pooled = host()
  const { module } = await fresh.admit(meddler)
  await pooled.admit(meddler)
  let reused = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(CALLS, fc.constantFrom(400_000n, 1_000_000n, 5_000_000n, 40_000_000n)), { minLength: 1, maxLength: 12 }),
      async (calls) => {
        for (const [[entry, args], gasLimit] of calls) {
          const asked = { module, entry, args, gasLimit, env: simulatedEnv() }
          reused += pooled.usage().idle
          const outcome: RunOutcome = pooled.executor.run(asked)
          expect(outcome).toEqual(fresh.executor.run(asked))
          const kept =
            (outcome.status === 'ok' || outcome.status === 'refused') &&
            outcome.budgets?.memoryPages?.used === 2 &&
            !(entry === 'grow' && args[0] !== 0)
          // A growth by nothing leaves the memory as long as it was
          expect(pooled.usage().idle).toBe(kept ? 1 : 0)
        }
      },
    ),
    { numRuns: 150 },
  )
  expect(reused).toBeGreaterThan(100)
  expect(fresh.usage().idle).toBe(0)
})

test('every budget of gas ends a pooled run where it ends a new one', async () => {
  const fresh = host({ maxPooledBytes: 0 })
  const pooled = host()
  const { module } = await fresh.admit(meddler)
  await pooled.admit(meddler)
  const ask = (gasLimit: bigint) => ({ module, entry: 'globals', args: [3], gasLimit, env: simulatedEnv() })
  const { gas } = fresh.executor.run(ask(10_000_000n))
  for (let budget = 39_000n; budget < gas + 2n; budget += budget < 41_000n || budget > gas - 3n ? 1n : 997n) {
    pooled.executor.run(ask(10_000_000n))
    expect(pooled.usage().idle).toBe(1)
    expect(pooled.executor.run(ask(budget))).toEqual(fresh.executor.run(ask(budget)))
  }
})

test('U4.3-GAS-1: a new instance on the memory of one that is gone finds nothing of it, however that ended', async () => {
  const spare = host({ maxPooledBytes: 0 })
  const sum = async (of: Host): Promise<RunOutcome> => run(of, meddler, 'sum')
  const first = await sum(host({ maxPooledBytes: 0 }))
  for (const [entry, args] of [
    ['flood', [255]],
    ['poke', [131_000, 7]],
    ['globals', [3]],
    ['crash', [16]],
    ['spin', [16]],
    ['refuse', [16]],
    ['deep', [100_000]],
    ['grow', [2]],
    ['text', ['x'.repeat(40)]],
  ] as const) {
    await run(spare, meddler, entry, args)
    expect(await sum(spare), entry).toEqual(first)
  }
})

test('an instance that trapped, ran out of gas or grew is dropped; a refusal leaves it', async () => {
  const pooled = host()
  const idle = async (entry: string, args: readonly WitValue[]): Promise<number> => {
    await run(pooled, meddler, entry, args)
    return pooled.usage().idle
  }
  expect(await idle('sum', [])).toBe(1)
  expect(await idle('refuse', [8])).toBe(1)
  expect(await idle('crash', [8])).toBe(0)
  expect(await idle('sum', [])).toBe(1)
  expect(await idle('spin', [8])).toBe(0)
  expect(await idle('sum', [])).toBe(1)
  expect(await idle('grow', [1])).toBe(0)
})

test.each([
  ['table.set', '(table.set (i32.const 0) (ref.null func))'],
  ['table.grow', '(drop (table.grow (ref.null func) (i32.const 1)))'],
  ['table.fill', '(table.fill (i32.const 0) (ref.null func) (i32.const 1))'],
  ['table.copy', '(table.copy (i32.const 0) (i32.const 1) (i32.const 1))'],
  ['table.init', '(table.init $e (i32.const 0) (i32.const 0) (i32.const 1))'],
  ['elem.drop', '(elem.drop $e)'],
  ['data.drop', '(data.drop $d)'],
])('a guest with %s is never pooled', async (_, code) => {
  const bytes = await contract(
    'export f: func() -> u32;',
    `(module (memory (export "memory") 1) (table 2 10 funcref) (elem $e func $g) (data $d "x") (func $g) (func (export "f") (result i32) ${code} (ref.is_null (table.get (i32.const 0)))))`,
  )
  const pooled = host()
  for (let i = 0; i < 2; i++) expect(await run(pooled, bytes, 'f')).toMatchObject({ status: 'ok' })
  expect(pooled.usage().idle).toBe(0)
})

test('a memory that cannot be had is never pooled; one that the ABI does not use is set back', async () => {
  const counting = (memory: string): Promise<Uint8Array> =>
    contract(
      'export f: func() -> u32;',
      `(module (memory ${memory}) (func (export "f") (result i32) (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (i32.load (i32.const 0))))`,
    )
  for (const [memory, idle] of [
    ['1', 0],
    ['(export "other") 1', 1],
    [`(export "memory") ${LIMITS.pooledPages}`, 1],
    [`(export "memory") ${LIMITS.pooledPages + 1}`, 0],
  ] as const) {
    const pooled = host()
    const bytes = await counting(memory)
    for (let i = 0; i < 3; i++) expect(await run(pooled, bytes, 'f'), memory).toMatchObject({ status: 'ok', result: 1 })
    expect(pooled.usage().idle, memory).toBe(idle)
  }
})

test('contracts nest: an instance in use is not used again', async () => {
  const pooled = host()
  const { module } = await pooled.admit(
    await contract(
      'import utnet:host/context@0.1.0; export f: func() -> u64;',
      '(module (import "utnet:host/context@0.1.0" "height" (func $h (result i64))) (memory (export "memory") 1) (func (export "f") (result i64) (i64.store (i32.const 0) (i64.add (i64.load (i32.const 0)) (call $h))) (i64.load (i32.const 0))))',
    ),
  )
  const inner: RunOutcome[] = []
  const env = (depth: number) => {
    const plain = simulatedEnv()
    return {
      ...plain,
      get height() {
        if (depth > 0) inner.push(pooled.executor.run({ module, entry: 'f', args: [], gasLimit: 1_000_000n, env: env(depth - 1) }))
        return depth
      },
    }
  }
  for (let i = 0; i < 2; i++) {
    inner.length = 0
    expect(pooled.executor.run({ module, entry: 'f', args: [], gasLimit: 1_000_000n, env: env(3) })).toMatchObject({ result: 3 })
    expect(inner.map((o) => o.result)).toEqual([0, 1, 2])
  }
  expect(pooled.usage().idle).toBe(4)
})

test('the least recently used guest leaves the cache, its instances with it', async () => {
  const bytes = await Promise.all(
    [1, 2, 3].map((n) =>
      contract(`export f: func() -> u32;`, `(module (memory (export "memory") 1) (func (export "f") (result i32) (i32.const ${n})))`),
    ),
  )
  const one = host()
  await run(one, bytes[0] as Uint8Array, 'f')
  const { guestBytes } = one.usage()
  const small = host({ maxCachedBytes: guestBytes * 2 + 8 })
  for (const component of bytes) await run(small, component, 'f')
  expect(small.usage()).toMatchObject({ guests: 2, idle: 2 })
  const [first] = bytes as [Uint8Array]
  expect(await run(small, first, 'f')).toMatchObject({ result: 1 })
})

// budgets

test('every outcome lists its budgets with used and allowed, and the one that ended it', async () => {
  const plain = host()
  const ok = await run(plain, meddler, 'sum')
  expect(ok).toMatchObject({
    status: 'ok',
    budgets: {
      gas: { used: ok.gas, allowed: 10_000_000n },
      memoryPages: { used: 2, allowed: 64 },
      hostCalls: { used: 1, allowed: LIMITS.hostCalls },
      eventsPerCall: { used: 0, allowed: LIMITS.eventsPerCall },
    },
  })
  expect(ok.limit).toBeUndefined()
  expect(await run(plain, meddler, 'grow', [3])).toMatchObject({ budgets: { memoryPages: { used: 5 } } })
  expect(await run(plain, meddler, 'spin', [8])).toMatchObject({ limit: 'gas', budgets: { gas: { used: 10_000_000n } } })
  expect((await run(plain, meddler, 'crash', [8])).limit).toBeUndefined()
  const tooDeep = await run(host({ profile: true }), meddler, 'deep', [100_000])
  expect(tooDeep).toMatchObject({ status: 'trap', limit: 'stackBytes', budgets: { stackBytes: { allowed: LIMITS.stackBytes } } })
  expect(tooDeep.budgets?.stackBytes?.used).toBeGreaterThan(LIMITS.stackBytes)
  const calling = await contract(
    'import utnet:host/context@0.1.0; export f: func();',
    '(module (import "utnet:host/context@0.1.0" "height" (func $h (result i64))) (func (export "f") (loop $l (drop (call $h)) (br $l))))',
  )
  expect(await run(plain, calling, 'f', [], simulatedEnv(), 10_000_000_000n)).toMatchObject({
    status: 'trap',
    limit: 'hostCalls',
    budgets: { hostCalls: { used: LIMITS.hostCalls + 1, allowed: LIMITS.hostCalls } },
  })
})

// runs that wait

const WAITING = `
import { Request, Response } from '@utnet/sdk/http'
import { infer, NamedTensor, Tensor, Arithmetic } from '@utnet/sdk/tensor'
let seen: i32 = 0
export function handle(request: Request): Response {
  seen++
  if (request.path == '/at-once') return new Response().text(seen.toString())
  const x = new Float32Array(1)
  infer('m', [new NamedTensor('x', Tensor.fromF32([1], x))], Arithmetic.any)
  return new Response().text(request.path + seen.toString())
}`
const MODEL = cidOf(RAW, utf8('m'))

/** A bridge whose answers wait until they are let go. */
function simulatedBridge(): TensorBridge & { readonly waiting: (() => void)[] } {
  const waiting: (() => void)[] = []
  return {
    waiting,
    gasOf: () => 1n,
    infer: async (_, inputs) => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      return {
        model: MODEL,
        arithmetic: 'exact:simulated',
        outputs: inputs,
        root: commitmentRoot(plainCommitment(MODEL, 'exact:simulated', tensorHeads(inputs), tensorHeads(inputs))),
      }
    },
  }
}

let waiting: Uint8Array
beforeAll(async () => {
  waiting = (await buildText('function', { 'index.ts': WAITING }, 'waiting')).component
})
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('an instance that waits is out of the pool until its run has ended', async () => {
  const bridge = simulatedBridge()
  const waits = testHost(bridge)
  const { module } = await waits.admit(waiting)
  const ask = (path: string) =>
    waits.invoke({
      module,
      request: { method: 'GET', path, headers: [], body: new Uint8Array(0) },
      context: CONTEXT,
      gasLimit: 100_000_000n,
    })
  const text = async (path: string): Promise<string> => new TextDecoder().decode((await ask(path)).response.body)
  expect(await text('/at-once')).toBe('1')
  expect(waits.usage()).toMatchObject({ idle: 1, runs: 0 })
  const runs = [text('/a'), text('/b'), text('/c')]
  await turn()
  expect(waits.usage()).toMatchObject({ idle: 0, runs: 3 })
  expect(await text('/at-once')).toBe('1')
  expect(waits.usage()).toMatchObject({ idle: 1, runs: 3 })
  for (const go of bridge.waiting.toReversed()) go()
  expect(await Promise.all(runs)).toEqual(['/a1', '/b1', '/c1'])
  expect(waits.usage()).toMatchObject({ idle: 4, runs: 0 })
})

test('a tenant with too many runs in flight is told to come back; others are not', async () => {
  const bridge = simulatedBridge()
  const waits = testHost(bridge)
  const { module } = await waits.admit(waiting)
  const ask = (tenant: string) =>
    waits.invoke({
      module,
      tenant,
      request: { method: 'GET', path: '/', headers: [], body: new Uint8Array(0) },
      context: CONTEXT,
      gasLimit: 100_000_000n,
    })
  const runs = Array.from({ length: LIMITS.tenantRuns }, () => ask('greedy'))
  await turn()
  await expect(ask('greedy')).rejects.toMatchObject({ code: 'host_busy', limit: 'tenantRuns', details: { retryAfterSeconds: 1 } })
  const other = ask('modest')
  await turn()
  expect(waits.usage().runs).toBe(LIMITS.tenantRuns + 1)
  while (bridge.waiting.length > 0) bridge.waiting.pop()?.()
  expect((await Promise.all([...runs, other])).every((o) => o.status === 'ok')).toBe(true)
  expect(waits.usage().runs).toBe(0)
})

test('a watch hears when guests have the thread: not while one waits, and once for runs within runs', async () => {
  const bridge = simulatedBridge()
  let held = false
  const heard: string[] = []
  const watch = { enter: () => void ((held = true), heard.push('enter')), leave: () => void ((held = false), heard.push('leave')) }
  const watched = testHost(
    {
      ...bridge,
      infer: (...asked) => {
        expect(held).toBe(true)
        return bridge.infer(...asked)
      },
    },
    { watch },
  )
  const { module } = await watched.admit(waiting)
  const running = watched.invoke({
    module,
    request: { method: 'GET', path: '/', headers: [], body: new Uint8Array(0) },
    context: CONTEXT,
    gasLimit: 100_000_000n,
  })
  await turn()
  expect(held).toBe(false)
  expect(heard).toEqual(['enter', 'leave'])
  bridge.waiting.pop()?.()
  expect((await running).status).toBe('ok')
  expect(heard).toEqual(['enter', 'leave', 'enter', 'leave'])
  await run(watched, meddler, 'spin', [8])
  expect(heard.length).toBe(6)
  expect(held).toBe(false)
})
