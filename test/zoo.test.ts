import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apart, fromTorch, ZOO_BOUND } from '../examples/zoo/distance.ts'
import { hasFreeSides, zooBytes, zooInputs, zooModels } from '../examples/zoo/index.ts'
import { withoutKernels, zooPage } from '../examples/zoo/table.ts'
import { commitmentOfFile, commitmentRoot, fileCid, tensorHeads, type ArithmeticClass, type NamedTensor } from '../runtime/core/index.ts'
import { exactGuest } from '../runtime/node/models/exact-guest.ts'
import { createBridge, localDevices, type Bridge, type LazyExact } from '../runtime/tpu-bridge/index.ts'
import { exactComponent } from '../runtime/tpu-bridge/operators/testing/exact-guest.ts'
import { memoryFiles, memoryKv } from './compliance/memory-ports.ts'

const models = zooModels()
const bridgeOf = (...order: readonly string[]): Bridge =>
  createBridge({ files: memoryFiles(), kv: memoryKv(), devices: localDevices({ order }) })

let node: Bridge
let verifier: Bridge
let kernels: Bridge
beforeAll(async () => {
  const exact = exactGuest(await exactComponent()) as LazyExact
  kernels = createBridge({ files: memoryFiles(), kv: memoryKv(), devices: localDevices({ order: ['wasm'], exact }) })
  node = bridgeOf('onnx-cpu', 'onnx-web')
  verifier = bridgeOf('onnx-web')
})
afterAll(() => Promise.all([node.close(), verifier.close(), kernels.close()]))

test('the zoo is what zoo.json says: at least 12 architectures, opset 17 or later, small files', () => {
  expect(new Set(models.map((m) => m.architecture)).size).toBeGreaterThanOrEqual(12)
  expect(new Set(models.map((m) => m.name)).size).toBe(models.length)
  let total = 0
  for (const model of models) {
    const bytes = zooBytes(model)
    expect([model.name, bytes.length, createHash('sha256').update(bytes).digest('hex')]).toEqual([model.name, model.bytes, model.sha256])
    expect(model.opset).toBeGreaterThanOrEqual(17)
    expect(bytes.length).toBeLessThanOrEqual(2_000_000)
    total += bytes.length
  }
  expect(total).toBeLessThanOrEqual(12_000_000)
})

test('docs/model-zoo.md is what examples/zoo/table.ts gives', () => {
  expect(readFileSync(new URL('../docs/model-zoo.md', import.meta.url), 'utf8')).toBe(zooPage())
})

test.each(models.map((m) => [m.name, m] as const))(
  '%s runs on both local runtimes, agrees with torch, and another node verifies it',
  async (name, model) => {
    const bytes = zooBytes(model)
    expect((await node.put(name, bytes)).devices).toEqual(['onnx-cpu', 'onnx-web'])
    await verifier.put(name, bytes)
    const inputs = zooInputs(model)
    const runs = new Map<ArithmeticClass, Awaited<ReturnType<Bridge['infer']>>>()
    for (const asked of ['any', 'bounded', 'exact'] as const) {
      const run = await node.infer(name, inputs, asked)
      runs.set(asked, run)
      expect(run.arithmetic).toMatch(asked === 'exact' ? /^exact:onnxruntime-web/ : /^bounded:onnxruntime-node/)
      expect(fromTorch(model, run.outputs)).toBeLessThanOrEqual(ZOO_BOUND)
      const commitment = commitmentOfFile(run.commitment as Uint8Array)
      expect(commitmentRoot(commitment)).toEqual(run.root)
      expect([commitment.model.toString(), commitment.arithmetic]).toEqual([fileCid(bytes).toString(), run.arithmetic])
      expect([commitment.inputs, commitment.outputs]).toEqual([tensorHeads(inputs), tensorHeads(run.outputs)])
      if (asked === 'any') continue
      expect(commitment.entries).toBeGreaterThan(0)
      expect(commitment.checkpoints.length).toBeGreaterThan(0)
      expect(commitment.exceptions).toEqual([])
    }
    // exact: a stranger's device gives the same bytes at every checkpoint; bounded: what it gives lies within the bound
    const again = await verifier.infer(name, inputs, 'exact')
    expect(again.root).toEqual(runs.get('exact')?.root)
    expect(apart(runs.get('bounded')?.outputs ?? [], again.outputs)).toBeLessThanOrEqual(ZOO_BOUND)
  },
)

test.each(models.map((m) => [m.name, m] as const))('%s on wasm has the bytes of onnx-web', async (name, model) => {
  const bytes = zooBytes(model)
  expect(withoutKernels(model)).toEqual([])
  await kernels.put(name, bytes)
  await verifier.put(name, bytes)
  for (const [seed, sides] of [{}, {}, ...(hasFreeSides(model) ? [{ batch: 2, length: 7, height: 17, width: 12 }] : [])].entries()) {
    const inputs = zooInputs(model, seed, sides)
    const ours = await kernels.infer(name, inputs, 'exact')
    // plain runs of onnx-web have the bits of its verified ones
    expect(ours.outputs).toEqual((await verifier.infer(name, inputs, 'any')).outputs)
  }
})

test.each(models.filter(hasFreeSides).map((m) => [m.name, m] as const))('%s takes other sides where they are free', async (name, model) => {
  await node.put(name, zooBytes(model))
  for (const [seed, sides] of [{ batch: 3, length: 10, height: 13, width: 31 }, { length: 1 }, { batch: 2, length: 33 }].entries()) {
    const inputs = zooInputs(model, seed, sides)
    const native = await node.infer(name, inputs, 'any')
    const exact = await node.infer(name, inputs, 'exact')
    expect(apart(native.outputs, exact.outputs)).toBeLessThanOrEqual(ZOO_BOUND)
  }
})

test('the check sees one element that is off, a shape that is another, and what is not finite', async () => {
  const model = models.find((m) => m.name === 'tiny-transformer') as (typeof models)[number]
  await verifier.put(model.name, zooBytes(model))
  const { outputs } = await verifier.infer('tiny-transformer', zooInputs(model), 'exact')
  const changed = (change: (values: Float32Array) => void): NamedTensor[] => {
    const [first] = outputs as readonly [NamedTensor]
    const values = new Float32Array(first.data.slice().buffer)
    change(values)
    return [{ ...first, data: new Uint8Array(values.buffer) }]
  }
  const last = changed((values) => void (values[7] = (values[7] as number) * 1.001))
  const nan = changed((values) => void (values[3] = Number.NaN))
  const reshaped = outputs.map((t) => ({ ...t, shape: [8, 1] }))
  for (const wrong of [last, nan, reshaped, []]) {
    expect(fromTorch(model, wrong)).toBeGreaterThan(ZOO_BOUND)
    expect(apart(outputs, wrong)).toBeGreaterThan(ZOO_BOUND)
  }
  const other = await verifier.infer('tiny-transformer', zooInputs(model, 1), 'exact')
  expect(fromTorch(model, other.outputs)).toBeGreaterThan(ZOO_BOUND)
})
