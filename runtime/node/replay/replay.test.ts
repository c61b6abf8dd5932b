import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LIMITS, type NodeApi } from '../../core/index.ts'
import { buildGuest } from '../../host/build/index.ts'
import { buildText } from '../../host/build/testing/guests.ts'
import { replayBundle, type Replay } from './replay.ts'
import { startTestNode, type TestNode } from '../testing.ts'

const FUNCTION = `
import { Request, Response } from '@utnet/sdk/http'
export function handle(request: Request): Response {
  if (request.path == '/crash') unreachable()
  return new Response().text('a'.repeat(100))
}`

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
  await node.deploy(fileURLToPath(new URL('../../../guest/contracts/token', import.meta.url)), 'token')
  await node.api.deploy({ name: 'texts', component: (await buildText('function', { 'index.ts': FUNCTION }, 'texts')).component })
}, 60_000)
afterAll(() => node.close())

const sum = ({ functions = [] }: Replay): string => functions.reduce((n, { gas }) => n + BigInt(gas), 0n).toString()

/** Replays a receipt, once it is anchored, with and without a trace: they may differ in nothing but the trace. */
async function both(api: NodeApi, receipt: string): Promise<Replay> {
  await api.receipt(receipt, 20_000)
  const car = await api.bundle(receipt)
  const traced = await replayBundle(car, { trace: true })
  const { functions, budgets, ...told } = traced
  expect(functions).toBeDefined()
  const plain = await replayBundle(car)
  expect(told).toEqual({ ...told, ...plain, budgets: undefined })
  const { stackBytes, ...others } = budgets ?? {}
  expect(others).toEqual(plain.budgets)
  expect(stackBytes?.used).toBeGreaterThan(0)
  expect(told.equal).toBe(true)
  expect(sum(traced)).toBe(told.gas)
  return traced
}

test("a trace of a contract's call gives its gas by function", async () => {
  const { receipt } = await node.call('token', 'mint', node.account, 100)
  const { functions = [], status } = await both(node.api, receipt)
  expect(status).toBe('ok')
  expect(functions.map((f) => f.name)).toContain('host: utnet:host/storage.set')
  expect(functions.find((f) => f.name === 'mint')).toMatchObject({ calls: 1 })
  expect(functions.map((f) => BigInt(f.gas))).toEqual(functions.map((f) => BigInt(f.gas)).toSorted((a, b) => (a < b ? 1 : -1)))
})

test("a trace of a function's run, and of one that traps", async () => {
  const request = { method: 'GET', headers: [], body: new Uint8Array(0), retention: 'public' } as const
  const good = await node.api.invoke('texts', { ...request, path: '/' })
  const { functions = [] } = await both(node.api, good.receipt?.id ?? '')
  expect(functions.find((f) => f.name === 'handle')).toMatchObject({ calls: 1 })

  const bad = await node.api.invoke('texts', { ...request, path: '/crash' })
  const trapped = await both(node.api, bad.receipt?.id ?? '')
  expect(trapped.status).toBe('trap')
  expect(trapped.at).toMatch(/handle/)
  expect(trapped.message).toBe(`unreachable in ${trapped.at}`)
  expect(trapped.functions?.[0]?.name).toBe('burnt')
})

test('the message of a call that fails names the place', async () => {
  const crash =
    'export function crash(n: u64): u64 { if (n > 1) unreachable(); return n }\nexport function spin(): void { while (true) {} }\nexport function deep(n: u64): u64 { return n == 0 ? 0 : deep(n - 1) * 3 + 1 }'
  const { component } = await buildText('contract', { 'index.ts': crash }, 'crash')
  await node.api.deploy({ name: 'crash', component })
  const failed = await node.call('crash', 'crash', 5)
  expect(failed).toMatchObject({ status: 'trap', message: 'unreachable in crash' })
  expect(await both(node.api, failed.receipt)).toMatchObject({ status: 'trap', at: 'crash' })
  await expect(node.query('crash', 'crash', 5)).rejects.toThrow('unreachable in crash')
  await expect(node.query('crash', 'spin')).rejects.toMatchObject({
    message: expect.stringContaining('spin ran out of gas in spin') as string,
    limit: 'queryGas',
    allowed: LIMITS.queryGas,
  })
  await expect(node.query('crash', 'deep', 1_000_000)).rejects.toMatchObject({
    code: 'guest_trap',
    limit: 'stackBytes',
    allowed: LIMITS.stackBytes,
    used: expect.toSatisfy((used: number) => used > LIMITS.stackBytes) as number,
  })
})

const TOKEN = fileURLToPath(new URL('../../../guest/contracts/token', import.meta.url))

test('with a source map a trace gives gas by line, which sums up to the gas, and every budget', async () => {
  const { receipt } = await node.call('token', 'mint', node.account, 100)
  await node.api.receipt(receipt, 20_000)
  const car = await node.api.bundle(receipt)
  const { sourceMap, component } = await buildGuest({ dir: TOKEN })
  const asked: Uint8Array[] = []
  const options = { trace: true, map: async (of: Uint8Array) => (asked.push(of), sourceMap) }
  const { lines = [], gas, equal, functions, budgets, noLines } = await replayBundle(car, options)
  expect(equal).toBe(true)
  expect(asked.map((of) => Buffer.compare(of, component))).toEqual([0])
  expect(lines.reduce((n, line) => n + BigInt(line.gas), 0n).toString()).toBe(gas)
  expect(lines.map((line) => BigInt(line.gas))).toEqual(lines.map((line) => BigInt(line.gas)).toSorted((a, b) => (a < b ? 1 : -1)))
  expect(lines.reduce((n, line) => n + line.share, 0)).toBeCloseTo(100, 0)
  const text = readFileSync(`${TOKEN}/assembly/index.ts`, 'utf8').split('\n')
  const balances = text.findIndex((line) => line.includes('balances.add(to, amount)')) + 1
  expect(lines.find((line) => line.at === `assembly/index.ts:${balances}`)?.executions).toBeGreaterThan(0)
  expect(lines.map((line) => line.at)).toEqual(expect.arrayContaining(['instance', 'abi', 'host: utnet:host/storage.set']))
  expect(functions?.find((f) => f.name === 'instance')?.gas).toBe(lines.find((l) => l.at === 'instance')?.gas)
  expect(Object.keys(budgets ?? {}).sort()).toEqual(['eventsPerCall', 'gas', 'hostCalls', 'memoryPages', 'stackBytes'])
  expect(budgets).toMatchObject({ gas: { used: gas }, eventsPerCall: { used: 1, allowed: LIMITS.eventsPerCall } })
  expect(noLines).toBeUndefined()
  await expect(replayBundle(car, { trace: true, map: async () => 'no map' })).rejects.toMatchObject({ code: 'core_bad_argument' })
})

test('with a source map the message of a run that failed ends in its line', async () => {
  const built = await buildText(
    'contract',
    {
      'index.ts':
        'function work(n: u64): u64 {\n  let sum: u64 = 0\n  while (true)\n    sum += n * sum\n  return sum\n}\nexport function go(n: u64): u64 {\n  if (n > 5)\n    unreachable()\n  return work(n)\n}',
    },
    'going',
  )
  await node.api.deploy({ name: 'going', component: built.component })
  const failed = async (n: number, trace: boolean): Promise<Replay> => {
    const { receipt } = await node.call('going', 'go', n)
    await node.api.receipt(receipt, 20_000)
    return replayBundle(await node.api.bundle(receipt), { trace, map: async () => built.sourceMap })
  }
  for (const trace of [false, true])
    expect(await failed(6, trace)).toMatchObject({
      equal: true,
      message: 'unreachable in go at assembly/index.ts:9:5',
      line: 'assembly/index.ts:9:5',
    })
  const dry = await failed(1, true)
  expect(dry.message).toMatch(/^the gas limit was reached in go at assembly\/index.ts:[34]:\d+$/)
  const burnt = dry.lines?.find((line) => line.at === 'burnt')
  expect(dry.lines?.reduce((n, line) => n + BigInt(line.gas), 0n).toString()).toBe(dry.gas)
  expect(Number(burnt?.gas ?? 0)).toBeLessThan(1_000)
})

test("the gas of a contract that is called stands on lines of its own, under the caller's name for it", async () => {
  const inner = 'export function twice(n: u64): u64 { return n * 2 }\nexport function no(): void { throw new Error("never") }'
  const outer = `import { Attempt, Contract } from '@utnet/sdk'
declare class Inner extends Contract { twice(n: u64): u64; no(): Attempt<bool> }
export function go(n: u64): u64 { const inner = new Inner('inner'); inner.no(); return inner.twice(n) + 1 }`
  for (const [name, text] of [
    ['inner', inner],
    ['outer', outer],
  ] as const)
    await node.api.deploy({ name, component: (await buildText('contract', { 'index.ts': text }, name)).component })
  const { receipt, result } = await node.call('outer', 'go', 4)
  expect(result).toBe('9')
  const { functions = [] } = await both(node.api, receipt)
  expect(functions.find((f) => f.name === 'contract inner: twice')).toMatchObject({ calls: 1 })
  expect(functions.find((f) => f.name === 'contract inner: instance')).toMatchObject({ calls: 2 })
  const call = functions.find((f) => f.name === 'host: utnet:host/contracts.call')
  expect(call?.calls).toBe(2)
  expect(functions.every((f) => BigInt(f.gas) >= 0n)).toBe(true)
})
