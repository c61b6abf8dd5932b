import * as fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { deviceCompliance } from '../../../../test/compliance/device.ts'
import { bytes as bytesField, graph, int, model, node, text, twoOutputs, value } from '../../../../test/compliance/onnx-models.ts'
import { concatBytes, fileCid, type NamedTensor, type TraceEntry } from '../../../core/index.ts'
import type { Device } from '../../device.ts'
import { localDevices } from '../index.ts'
import { exactForTests } from '../testing/exact.ts'
import { wasmDevice, type ExactGuest, type LazyExact } from '../wasm/index.ts'
import { simulatedTpu } from './device.ts'
import { DEVICE_PAGE, Partitions } from './partitions.ts'
import { cyclesOf, SYSTOLIC } from './systolic.ts'

let exact: ExactGuest & LazyExact
beforeAll(async () => {
  exact = await exactForTests()
})

test('U5.1-VRT-1: memory is never over the device or a quota, shared weights lie there once, and all of it comes back', () => {
  const tenants = ['a', 'b', 'c'] as const
  const step = fc.record({
    tenant: fc.constantFrom(...tenants),
    key: fc.integer({ min: 0, max: 5 }),
    free: fc.integer({ min: 0, max: 9 }),
    load: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const memory = new Partitions(20 * DEVICE_PAGE, { a: 12 * DEVICE_PAGE, b: 8 * DEVICE_PAGE, c: 0 })
      const size = (key: number): number => key * DEVICE_PAGE - (key === 0 ? 0 : 1)
      const open: { tenant: string; key: number; free: () => void }[] = []
      for (const { tenant, key, free, load } of steps) {
        if (load) {
          const distinct = new Set(open.filter((o) => o.tenant === tenant).map((o) => o.key))
          const lying = new Set(open.map((o) => o.key))
          const pages = (keys: Iterable<number>): number => [...keys].reduce((n, k) => n + k, 0)
          const fits = pages(distinct.add(key)) * DEVICE_PAGE <= memory.quotaOf(tenant) && pages(lying.add(key)) <= 20
          let freed: (() => void) | undefined
          try {
            freed = memory.hold(tenant, String(key), size(key))
          } catch (error) {
            expect(error).toMatchObject({ code: 'device_memory', used: expect.any(Number), allowed: expect.any(Number) })
          }
          expect(freed !== undefined).toBe(fits)
          if (freed !== undefined) open.push({ tenant, key, free: freed })
        } else {
          const [gone] = open.splice(free % Math.max(1, open.length), 1)
          gone?.free()
          gone?.free()
        }
        expect(memory.used).toBe([...new Set(open.map((o) => o.key))].reduce((n, k) => n + k * DEVICE_PAGE, 0))
        for (const name of tenants) expect(memory.usedBy(name)).toBeLessThanOrEqual(memory.quotaOf(name))
      }
      for (const { free } of open) free()
      expect(memory.used).toBe(0)
    }),
    { numRuns: 300 },
  )
})

test('U5.1-VRT-1: tenants share a device under quotas, and one that is over its own does not disturb another', async () => {
  const tpu = simulatedTpu({ exact, memoryBytes: 10 * DEVICE_PAGE, quotas: { rich: 8 * DEVICE_PAGE, poor: 0 } })
  const proto = twoOutputs()
  const weightless = await tpu.partition('poor').load(proto, fileCid(proto))
  await weightless.close()
  const heavy = weighted(3 * DEVICE_PAGE)
  const loaded = await tpu.partition('rich').load(heavy, fileCid(heavy))
  expect([tpu.memory.used, tpu.memory.usedBy('rich')]).toEqual([3 * DEVICE_PAGE, 3 * DEVICE_PAGE])
  await expect(tpu.partition('poor').load(heavy, fileCid(heavy))).rejects.toMatchObject({ code: 'device_memory' })
  await expect(tpu.load(heavy, fileCid(heavy))).rejects.toMatchObject({ code: 'device_memory' })
  const [y] = await loaded.run([{ name: 'x', dtype: 'f32', shape: [1], data: new Uint8Array(4) }])
  expect(y?.shape).toEqual([(3 * DEVICE_PAGE) / 4])
  await loaded.close()
  expect(tpu.memory.used).toBe(0)
  await tpu.close()
})

/** `y = x + w`, with weights of so many bytes. */
function weighted(bytes: number): Uint8Array {
  const n = bytes / 4
  const weights = concatBytes(int(1, n), int(2, 1), text(8, 'w'), bytesField(9, new Uint8Array(bytes)))
  return model(graph([node('Add', ['x', 'w'], ['y'])], [value('x', 1, [1])], [value('y', 1, [n])], [weights]))
}

test('its bits are those of the kernels, and its time follows from the trace alone', async () => {
  const tpu = simulatedTpu({ exact })
  const kernels = wasmDevice({ exact })
  const proto = twoOutputs()
  const [ours, theirs] = await Promise.all([tpu.load(proto, fileCid(proto)), kernels.load(proto, fileCid(proto))])
  const f32 = (name: string, shape: readonly number[]): NamedTensor => ({
    name,
    dtype: 'f32',
    shape,
    data: new Uint8Array(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i + name.length)).buffer),
  })
  const inputs = [f32('a', [64, 4]), f32('b', [4, 96]), f32('c', [1, 4])]
  expect(await ours.run(inputs)).toEqual(await theirs.run(inputs))
  const once = tpu.simulatedNs()
  expect(once).toBeGreaterThan(0)
  await ours.run(inputs)
  expect(tpu.simulatedNs()).toBe(2 * once)
  expect(tpu.arithmetic).toBe(kernels.arithmetic)
  await Promise.all([ours.close(), theirs.close()])
  await Promise.all([tpu.close(), kernels.close()])
})

test('int8 products take a quarter of the passes of f32, and memory counts where it is the slower', () => {
  const entry = (
    operator: string,
    dtype: 'f32' | 's8',
    out: 'f32' | 's32',
    cost: number,
  ): [TraceEntry, { dtype: 'f32' | 's8'; shape: number[] }[]] => [
    { path: [0], operator, node: '', inputs: ['a', 'b'], outputs: ['y'], types: [{ dtype: out, shape: [8] }], cost },
    [
      { dtype, shape: [1024] },
      { dtype, shape: [1024] },
    ],
  ]
  const macs = 128 * 128 * 1_000
  const fill = 2 * SYSTOLIC.side
  expect(cyclesOf(...entry('MatMul', 'f32', 'f32', macs))).toBe(4_000 + fill)
  expect(cyclesOf(...entry('MatMulInteger', 's8', 's32', macs))).toBe(1_000 + fill)
  expect(cyclesOf(...entry('Relu', 'f32', 'f32', 8))).toBe(Math.ceil((2 * 4096 + 32) / SYSTOLIC.memoryBytes))
})

deviceCompliance(
  'simulated-tpu in a thread',
  () => localDevices({ order: ['simulated-tpu'], exact })[0] as Device,
  { id: 'simulated-tpu', class: 'exact' },
  'operator_unsupported',
)
deviceCompliance('simulated-tpu', () => simulatedTpu({ exact }), { id: 'simulated-tpu', class: 'exact' }, 'operator_unsupported')
