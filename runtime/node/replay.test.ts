import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NodeApi } from '../core/index.ts'
import { buildText } from '../host/build/testing/guests.ts'
import { replayBundle, type Replay } from './replay.ts'
import { startTestNode, type TestNode } from './testing.ts'

const FUNCTION = `
import { Request, Response } from '@utnet/sdk/http'
export function handle(request: Request): Response {
  if (request.path == '/crash') unreachable()
  return new Response().text('a'.repeat(100))
}`

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
  await node.deploy(fileURLToPath(new URL('../../guest/contracts/token', import.meta.url)), 'token')
  await node.api.deploy({ name: 'texts', component: (await buildText('function', { 'index.ts': FUNCTION }, 'texts')).component })
}, 60_000)
afterAll(() => node.close())

const sum = ({ functions = [] }: Replay): string => functions.reduce((n, { gas }) => n + BigInt(gas), 0n).toString()

/** Replays a receipt, once it is anchored, with and without a trace: they may differ in nothing but the trace. */
async function both(api: NodeApi, receipt: string): Promise<Replay> {
  await api.receipt(receipt, 20_000)
  const car = await api.bundle(receipt)
  const traced = await replayBundle(car, { trace: true })
  const { functions, ...told } = traced
  expect(functions).toBeDefined()
  expect(told).toEqual(await replayBundle(car))
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
    'export function crash(n: u64): u64 { if (n > 1) unreachable(); return n }\nexport function spin(): void { while (true) {} }'
  const { component } = await buildText('contract', { 'index.ts': crash }, 'crash')
  await node.api.deploy({ name: 'crash', component })
  const failed = await node.call('crash', 'crash', 5)
  expect(failed).toMatchObject({ status: 'trap', message: 'unreachable in crash' })
  expect(await both(node.api, failed.receipt)).toMatchObject({ status: 'trap', at: 'crash' })
  await expect(node.query('crash', 'crash', 5)).rejects.toThrow('unreachable in crash')
  await expect(node.query('crash', 'spin')).rejects.toThrow('spin ran out of gas in spin')
})
