import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeGenesis } from '../core/index.ts'
import { createClient } from '../../gateway/client/index.ts'
import { buildText } from '../host/build/testing/guests.ts'
import { identity } from '../../test/compliance/onnx-models.ts'
import { verifyBundle } from '../verify/index.ts'
import { startDevNode } from './dev-node.ts'
import { reexecute, replayBundle } from './index.ts'

const ASKER = `
import { StorageValue } from '@utnet/sdk'
import { Dtype, NamedTensor, Tensor, requestInference, takeAnswer } from '@utnet/sdk/inference'
const heard = new StorageValue<string>('heard')
export function ask(model: string, rank: u32, blocks: u32): u64 {
  const shape: Array<u32> = rank == 1 ? [2] : [1, 2]
  return requestInference(model, [new NamedTensor('x', Tensor.fromF32(shape, Float32Array.wrap(new ArrayBuffer(8))))], 'heardOf', 0, blocks)
}
export function heardOf(request: u64, answer: Uint8Array): void {
  const outcome = takeAnswer(answer)
  heard.set(request.toString() + ' ' + (outcome.isOk ? outcome.outputs[0].name + ' ' + outcome.arithmetic.split(':')[0] : outcome.error))
}
export function last(): string { return heard.get() }
`

const folder = mkdtempSync(join(tmpdir(), 'utnet-requests-'))
const start = () => startDevNode({ data: folder, port: 0, threads: 0 })
let node: Awaited<ReturnType<typeof start>>
let api: ReturnType<typeof createClient>

async function open(): Promise<void> {
  node = await start()
  api = createClient(node.url)
}

beforeAll(async () => {
  await open()
  const { component } = await buildText('contract', { 'index.ts': ASKER }, 'asker')
  await api.deploy({ name: 'asker', component })
  await api.putModel('echo', identity(1, ['n']))
})
afterAll(async () => {
  await node.close()
  rmSync(folder, { recursive: true, force: true })
})

async function ask(model: string, rank: number, blocks = 100): Promise<string> {
  return String((await api.call({ name: 'asker', export: 'ask', args: [model, rank, blocks] })).result)
}

/** What the contract heard of a request, when it has; `tick` makes a block each time it has not. */
async function heard(request: string, tick: () => Promise<unknown> = async () => {}): Promise<string> {
  for (let tries = 0; tries < 400; tries++) {
    const { result } = await api.query({ name: 'asker', export: 'last', args: [] })
    if (String(result).startsWith(`${request} `)) return String(result).slice(request.length + 1)
    await tick()
    await new Promise((done) => setTimeout(done, 25))
  }
  throw new Error(`the contract heard nothing of request ${request}`)
}

test('U5.6-TEN-1: a node answers what a contract asks, and the callback has a receipt that verifies and runs again', async () => {
  const request = await ask('echo', 1)
  expect(await heard(request)).toBe('y bounded')
  const { height } = await api.chain()
  let receipt: string | undefined
  for (let at = height; receipt === undefined && at > 0; at--)
    receipt = (await api.block(at)).transactions.some((t) => t.kind === 'answer') ? (await api.block(at)).receipts.at(-1) : undefined
  const view = await api.receipt(String(receipt), 20_000)
  expect(view.body).toMatchObject({
    kind: 'call',
    entry: 'heard-of',
    status: 'ok',
    models: [{ arithmetic: expect.stringMatching(/^bounded:/) }],
  })
  const car = await api.bundle(String(receipt))
  const { checks, valid } = await verifyBundle(car, { trust: [decodeGenesis(await api.genesis())], reexecute })
  expect(checks.filter((c) => !c.ok)).toEqual([])
  expect(valid).toBe(true)
  expect(await replayBundle(car)).toMatchObject({ equal: true, status: 'ok' })
})

test('U5.6-TEN-1: a refusal of the model reaches the callback', async () => {
  const request = await ask('echo', 2)
  expect(await heard(request)).toContain('the model wants [-1]')
})

/** Makes a block. */
async function tick(): Promise<void> {
  await api.fund(String((await api.info()).devAccount))
}

test('U5.6-TEN-1: a request that nobody answers in time expires', async () => {
  expect(await heard(await ask('nowhere', 1, 2), tick)).toBe('expired')
})

test('U5.6-TEN-1: a request waits for its model, and is found again by a node that was started anew', async () => {
  const request = await ask('later', 1)
  await node.close()
  await open()
  await api.putModel('later', identity(1, ['n']))
  expect(await heard(request, tick)).toBe('y bounded')
})
