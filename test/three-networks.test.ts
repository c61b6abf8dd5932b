import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '../gateway/client/index.ts'
import { decodeGenesis, fileCid, sha256, toHex, type NodeApi } from '../runtime/core/index.ts'
import { buildGuest, reexecute, startDevNode, type DevNode } from '../runtime/node/index.ts'
import { verifyBundle } from '../runtime/verify/index.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

let folder: string
let node: DevNode
let api: NodeApi

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'utnet-three-'))
  node = await startDevNode({ data: folder, port: 0 })
  api = createClient(node.url)
})
afterAll(async () => {
  await node.close()
  rmSync(folder, { recursive: true, force: true })
})

test('W-NET-1 one node runs all three networks: ledger, compute and storage, joined by what each can prove', async () => {
  // Storage holds the component under the name that the ledger publishes.
  const { component } = await buildGuest({ dir: at('../guest/contracts/token') })
  const guest = await api.deploy({ name: 'token', component })
  expect(guest.module).toBe(fileCid(component).toString())
  expect((await api.ipfs(guest.module, '', 'raw')).body).toEqual(component)
  // The ledger orders a call; compute ran it; the receipt of the run stands in the block.
  const { devAccount } = await api.info()
  const call = await api.call({ name: 'token', export: 'mint', args: [devAccount, '7'] })
  expect(call.status).toBe('ok')
  const bundle = await api.bundle(call.receipt)
  const { valid, checks } = await verifyBundle(bundle, { trust: [decodeGenesis(node.genesis)], reexecute })
  expect(checks.filter((c) => !c.ok)).toEqual([])
  expect(valid).toBe(true)
  expect((await api.query({ name: 'token', export: 'balance', args: [devAccount] })).result).toBe('7')
})

test('U5.6-TEN-1 tensor code runs off the chain; digests of inputs and outputs and its commitment reach a block in a rollup of receipts', async () => {
  const { component } = await buildGuest({ dir: at('../guest/operators/matmul') })
  await api.deploy({ name: 'matmul', component })
  const matrix = (name: string, values: readonly number[]) => ({
    name,
    dtype: 'f32' as const,
    shape: [2, 2],
    data: new Uint8Array(Float32Array.from(values).buffer),
  })
  const before = await api.chain()
  const { outputs, receipt, model, arithmetic } = await api.infer({
    model: 'matmul',
    inputs: [matrix('a', [1, 2, 3, 4]), matrix('b', [1, 0, 0, 1])],
  })
  expect([...new Float32Array(Uint8Array.from(outputs[0]?.data ?? []).buffer)]).toEqual([1, 2, 3, 4])
  const view = await api.receipt(receipt.id, 20_000)
  expect(view.body['models']).toEqual([{ model, arithmetic, root: expect.stringMatching(/^[0-9a-f]{64}$/) as string }])
  expect(view.anchor?.['height']).toBeGreaterThan(before.height)
  // What the chain holds is a root; the values are off the chain, and the bundle that opens them is bound by it.
  const car = await api.bundle(receipt.id)
  const { valid } = await verifyBundle(car, { trust: [decodeGenesis(node.genesis)], reexecute })
  expect(valid).toBe(true)
  expect(Buffer.from(car).includes(Buffer.from(outputs[0]?.data ?? []))).toBe(true)
  const block = readFileSync(join(folder, 'chain', 'kv', 'data.mdb'))
  expect(block.includes(Buffer.from(outputs[0]?.data ?? []))).toBe(false)
})

test('U5.5-WSM-1 one component gives the same output and gas on two nodes', async () => {
  const project = join(folder, 'project')
  cpSync(at('../cli/templates/function'), project, { recursive: true })
  writeFileSync(join(project, 'utnet.jsonc'), '{ "name": "echo", "world": "function" }')
  const { component } = await buildGuest({ dir: project })
  const other = await startDevNode({ data: join(folder, 'other'), port: 0 })
  try {
    const answers = []
    for (const { url } of [node, other]) {
      await createClient(url).deploy({ name: 'echo', component })
      const answer = await createClient(url).invoke('echo', {
        method: 'POST',
        path: '/',
        headers: [['content-type', 'text/plain']],
        body: Buffer.from('same'),
      })
      answers.push({ status: answer.status, body: toHex(sha256(answer.body)), gas: answer.receipt?.gas ?? '' })
    }
    expect(answers[0]).toEqual(answers[1])
    expect(answers[0]?.status).toBe(200)
  } finally {
    await other.close()
  }
})
