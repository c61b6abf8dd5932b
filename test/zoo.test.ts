import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apart, fromTorch, ZOO_BOUND } from '../examples/zoo/distance.ts'
import { hasFreeSides, zooBytes, zooInputs, zooModels } from '../examples/zoo/index.ts'
import type { NamedTensor } from '../runtime/core/index.ts'
import { commitmentRoot, fileCid, plainCommitment, tensorHeads } from '../runtime/core/index.ts'
import { createBridge, localDevices } from '../runtime/tpu-bridge/index.ts'
import type { Bridge } from '../runtime/tpu-bridge/index.ts'
import { memoryFiles, memoryKv } from './compliance/memory-ports.ts'

const models = zooModels()
const bridgeOf = (...order: readonly string[]): Bridge =>
  createBridge({ files: memoryFiles(), kv: memoryKv(), devices: localDevices({ order }) })

let node: Bridge
let verifier: Bridge
beforeAll(() => {
  node = bridgeOf('onnx-cpu', 'onnx-web')
  verifier = bridgeOf('onnx-web')
})
afterAll(() => Promise.all([node.close(), verifier.close()]))

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

test.each(models.map((m) => [m.name, m] as const))(
  '%s runs on both local runtimes, agrees with torch, and another node verifies it',
  async (name, model) => {
    const bytes = zooBytes(model)
    expect((await node.put(name, bytes)).devices).toEqual(['onnx-cpu', 'onnx-web'])
    await verifier.put(name, bytes)
    const inputs = zooInputs(model)
    const native = await node.infer(name, inputs, 'any')
    const exact = await node.infer(name, inputs, 'exact')
    expect([native.arithmetic.split(':')[0], exact.arithmetic.split(':')[0]]).toEqual(['bounded', 'exact'])
    for (const { arithmetic, outputs, root } of [native, exact]) {
      expect(fromTorch(model, outputs)).toBeLessThanOrEqual(ZOO_BOUND)
      expect(root).toEqual(commitmentRoot(plainCommitment(fileCid(bytes), arithmetic, tensorHeads(inputs), tensorHeads(outputs))))
    }
    // exact: a stranger's device gives the same bytes; bounded: what it gives lies within the bound
    const again = await verifier.infer(name, inputs, 'exact')
    expect(again.root).toEqual(exact.root)
    expect(again.outputs).toEqual(exact.outputs)
    expect(apart(native.outputs, again.outputs)).toBeLessThanOrEqual(ZOO_BOUND)
  },
)

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
