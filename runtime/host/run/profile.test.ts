import { beforeAll, expect, test } from 'vitest'
import { LIMITS, PARAMS, utf8, type CID, type FunctionGas, type RunOutcome, type WitValue } from '../../core/index.ts'
import { buildText } from '../build/testing/guests.ts'
import { CONTEXT, memoryFiles, simulatedEnv } from '../testing/host.ts'
import { createHost, type Host, type InvokeOutcome } from './index.ts'

const CONTRACT = `
import { StorageMap, add, revert } from '@utnet/sdk'
const counts = new StorageMap<string, u64>('c')
function work(n: u64): u64 { let sum: u64 = 0; for (let i: u64 = 0; i < n; i++) sum += i * i % 7; return n > 2 ? work(n / 2) + sum : sum }
export function count(who: string, n: u64): u64 { counts.set(who, add(counts.get(who), work(n))); return counts.get(who) }
export function refuse(why: string): void { throw new Error(why) }
export function spin(): void { while (true) {} }
export function deep(n: u64): u64 { return n == 0 ? 0 : 1 + deep(n - 1) * 2 }
export function crash(n: u64): u64 { if (work(n) > 1) unreachable(); return 0 }
export function broken(): void { revert(String.fromCharCode(0xd800)) }`

const FUNCTION = `
import { Request, Response } from '@utnet/sdk/http'
export function handle(request: Request): Response {
  if (request.path == '/crash') unreachable()
  if (request.path == '/spin') while (true) {}
  let text = ''
  for (let i = 0; i < 50; i++) text += i.toString()
  return new Response().text(text)
}`

const guests: { contract: Uint8Array; function: Uint8Array } = { contract: new Uint8Array(0), function: new Uint8Array(0) }
beforeAll(async () => {
  guests.contract = (await buildText('contract', { 'index.ts': CONTRACT }, 'count')).component
  guests.function = (await buildText('function', { 'index.ts': FUNCTION }, 'texts')).component
})

const LIMIT = 10_000_000n
const profiling = (): Host => createHost({ files: memoryFiles(), profile: true })
const ordinary = (): Host => createHost({ files: memoryFiles() })
const total = (lines: readonly FunctionGas[] | undefined): bigint => (lines ?? []).reduce((sum, { gas }) => sum + gas, 0n)
const line = (lines: readonly FunctionGas[] | undefined, name: string): FunctionGas | undefined => lines?.find((l) => l.name === name)

/** Without what only the profiling variant tells, and where in its code a run ended. */
function common<T extends RunOutcome | InvokeOutcome>({ profile: _, probes: __, frames, budgets, ...outcome }: T): unknown {
  const { stackBytes, ...others } = budgets ?? {}
  return {
    ...outcome,
    budgets: outcome.limit === 'stackBytes' ? { ...others, stackBytes } : others,
    frames: frames?.map(({ index }) => index),
  }
}

async function call(host: Host, entry: string, args: readonly WitValue[], gasLimit = LIMIT): Promise<RunOutcome> {
  const { module } = await host.admit(guests.contract)
  return host.executor.run({ module, entry, args, gasLimit, env: simulatedEnv() })
}

async function get(host: Host, path: string, gasLimit = LIMIT): Promise<Awaited<ReturnType<Host['invoke']>>> {
  const { module }: { module: CID } = await host.admit(guests.function)
  const headers = [['host', utf8('localhost')]] as const
  return host.invoke({ module, request: { method: 'GET', path, headers, body: new Uint8Array(0) }, context: CONTEXT, gasLimit })
}

test('U4.3-GAS-1: a profile sums up to the gas of the run, and changes neither gas nor result', async () => {
  for (const [entry, args] of [
    ['count', ['ut1bob', 300]],
    ['refuse', ['no']],
    ['spin', []],
    ['crash', [50]],
    ['broken', []],
  ] as const) {
    const outcome = await call(profiling(), entry, args)
    const { profile } = outcome
    expect(common(outcome), entry).toEqual(common(await call(ordinary(), entry, args)))
    expect(total(profile), entry).toBe(outcome.gas)
    expect(profile, entry).toEqual(profile?.toSorted((a, b) => Number(b.gas - a.gas)))
    // A run that traps loses more than it used; one that runs out of gas may have used all of it
    const burnt = line(profile, 'burnt')
    if (outcome.status === 'trap') expect(burnt?.gas, entry).toBeGreaterThan(0n)
    if (outcome.status === 'ok' || outcome.status === 'refused') expect(burnt, entry).toBeUndefined()
  }
})

test('host calls, instance, arguments and functions each have their line', async () => {
  const { profile } = await call(profiling(), 'count', ['ut1bob', 300])
  const reads = line(profile, 'host: utnet:host/storage.get')
  expect(reads?.calls).toBe(2)
  expect(reads?.gas).toBeGreaterThanOrEqual(BigInt(2 * (PARAMS.host.base + PARAMS.host.storageRead)))
  expect(line(profile, 'host: utnet:host/storage.set')).toMatchObject({ calls: 1 })
  expect(line(profile, 'instance')).toMatchObject({ calls: 1 })
  expect(line(profile, 'abi')?.gas).toBeGreaterThan(0n)
  expect(line(profile, 'count')).toMatchObject({ calls: 1 })
  // 300, 150, 75, 37, 18, 9, 4, 2
  expect(line(profile, 'assembly/index/work')).toMatchObject({ calls: 8 })
})

test('the place of a trap, of a recursion that is too deep and of the end of the gas is named', async () => {
  const host = ordinary()
  expect(await call(host, 'crash', [50])).toMatchObject({ status: 'trap', message: 'unreachable in crash', where: 'crash' })
  expect(await call(host, 'spin', [])).toMatchObject({ status: 'out-of-gas', message: 'the gas limit was reached in spin', where: 'spin' })
  const refused = await call(host, 'refuse', ['no'])
  expect(refused).toMatchObject({ status: 'refused', message: 'no (assembly/index.ts:6:45)' })
  expect(refused.where).toMatch(/refuse$/)
  const { where } = await call(host, 'deep', [1_000_000])
  expect(where).toMatch(/deep/)
  const deep = await call(profiling(), 'deep', [1_000_000])
  expect(deep.message).toBe(`the stack limit stackBytes of ${LIMITS.stackBytes} was reached in ${where}`)
  const { gas } = await call(host, 'count', ['ut1bob', 300])
  const places = new Set<string | undefined>()
  for (let budget = 0n; budget < gas; budget += gas / 60n) {
    const outcome = await call(host, 'count', ['ut1bob', 300], budget)
    expect(outcome.status).toBe('out-of-gas')
    places.add(outcome.where)
  }
  expect(places).toContain('assembly/index/work')
  // In the library it says who called
  expect([...places].some((place) => /^~lib\/.*, called from count$/.test(place ?? ''))).toBe(true)
  // A limit that the host checks: thrown through the guest's frames
  const long = await call(host, 'broken', [])
  expect(long).toMatchObject({ status: 'trap' })
  expect(long.message).toMatch(/lone surrogate in .*broken/)
})

test('functions are profiled through suspension and asynchronous ends, too', async () => {
  for (const path of ['/', '/crash', '/spin']) {
    const outcome = await get(profiling(), path)
    const { profile } = outcome
    expect(common(outcome)).toEqual(common(await get(ordinary(), path)))
    expect(total(profile), path).toBe(outcome.gas)
  }
  const { profile } = await get(profiling(), '/')
  expect(line(profile, 'handle')).toMatchObject({ calls: 1 })
  expect(line(profile, 'host: wasi:http/types.[static]response-outparam.set')).toMatchObject({ calls: 1 })
  expect(await get(ordinary(), '/crash')).toMatchObject({ status: 'trap', where: expect.stringMatching(/handle/) as string })
  expect((await get(ordinary(), '/spin')).message).toMatch(/^the gas limit was reached in .*handle/)
})
