import { afterAll, expect, test, vi } from 'vitest'
import { bytes, graph, int, model, node, text, value } from '../../test/compliance/onnx-models.ts'
import { concatBytes, fileCid, type NamedTensor } from '../core/index.ts'
import { batched, type BatchCounts } from './batching.ts'
import type { LoadedModel } from './device.ts'
import { onnxWeb } from './devices/index.ts'

const device = onnxWeb()
afterAll(() => device.close())

const softmax = (axis: number): Uint8Array => {
  const attribute = concatBytes(text(1, 'axis'), int(3, axis), int(20, 2))
  return model(graph([node('Softmax', ['x'], ['y'], '', attribute)], [value('x', 1, ['n', 3])], [value('y', 1, ['n', 3])]))
}
const x = (rows: number, first: number): NamedTensor => ({
  name: 'x',
  dtype: 'f32',
  shape: [rows, 3],
  data: new Uint8Array(Float32Array.from({ length: rows * 3 }, (_, i) => Math.sin(first + i) * 4).buffer),
})

/** The model with its runs counted. */
async function open(proto: Uint8Array): Promise<{ loaded: LoadedModel; plain: LoadedModel; runs: () => number; counts: BatchCounts }> {
  const plain = await device.load(proto, fileCid(proto))
  let runs = 0
  const counts = { joined: 0, batches: 0 }
  const counted: LoadedModel = {
    ...plain,
    run: (inputs) => {
      runs++
      return plain.run(inputs)
    },
  }
  return { loaded: batched(counted, counts, () => 0), plain, runs: () => runs, counts }
}

async function burst(loaded: LoadedModel, plain: LoadedModel, inputs: readonly NamedTensor[]): Promise<void> {
  const alone = []
  for (const input of inputs) alone.push(await plain.run([input]))
  expect(await Promise.all(inputs.map((input) => loaded.run([input])))).toEqual(alone)
}

test('runs that wait together are joined once it has shown for so many rows that no bit changes, each with its own rows', async () => {
  const { loaded, plain, runs, counts } = await open(softmax(1))
  await burst(loaded, plain, [x(1, 0), x(2, 5), x(1, 9)])
  expect(counts).toEqual({ joined: 0, batches: 0 }) // tried out, answered alone
  // three alone, one of its own, one joined to try it out
  await vi.waitFor(() => expect(runs()).toBe(3 + 1 + 1))
  await burst(loaded, plain, [x(1, 1), x(1, 6), x(2, 10)])
  expect(runs()).toBe(5 + 1)
  expect(counts).toEqual({ joined: 3, batches: 1 })
  await burst(loaded, plain, [x(1, 1), x(2, 6)])
  await vi.waitFor(() => expect(runs()).toBe(6 + 2 + 1 + 1)) // three rows are another matter
  expect(counts).toEqual({ joined: 3, batches: 1 })
  await loaded.close()
})

test('what one number of rows has shown says nothing of another', async () => {
  // as kernels do: from three rows on it adds in another order
  const fickle: LoadedModel = {
    inputs: [{ name: 'x', dtype: 'f32', shape: [-1, 3] }],
    outputs: [{ name: 'y', dtype: 'f32', shape: [-1, 3] }],
    bytes: 0,
    run: async ([t]) => {
      const { shape, data } = t as NamedTensor
      const moved = (shape[0] as number) > 2 ? data.map((byte) => byte ^ 1) : new Uint8Array(data)
      return [{ name: 'y', dtype: 'f32', shape, data: moved }]
    },
    verified: () => Promise.reject(new Error('nobody verifies here')),
    close: async () => {},
  }
  const counts = { joined: 0, batches: 0 }
  const loaded = batched(fickle, counts, () => 0)
  await burst(loaded, fickle, [x(1, 0), x(1, 1)])
  await burst(loaded, fickle, [x(1, 2), x(1, 3)])
  expect(counts).toEqual({ joined: 2, batches: 1 })
  await burst(loaded, fickle, [x(1, 4), x(1, 5), x(1, 6)])
  await burst(loaded, fickle, [x(1, 4), x(1, 5), x(1, 6)])
  // its rows are alike no longer: never again
  await burst(loaded, fickle, [x(1, 2), x(1, 3)])
  expect(counts).toEqual({ joined: 2, batches: 1 })
})

test('integers, which may be indices, are tried with what was asked, and alike they tell nothing', async () => {
  const reduce = node('ReduceMax', ['x'], ['m'], '', concatBytes(text(1, 'axes'), int(8, 0), int(20, 7)))
  const proto = model(graph([reduce, node('Max', ['m', 'x'], ['y'])], [value('x', 6, ['n', 3])], [value('y', 6, ['n', 3])]))
  const ints = (first: number): NamedTensor => ({
    name: 'x',
    dtype: 's32',
    shape: [1, 3],
    data: new Uint8Array(Int32Array.of(first, 2, 3).buffer),
  })
  const { loaded, plain, counts } = await open(proto)
  for (let i = 0; i < 3; i++) await burst(loaded, plain, [ints(7), ints(7), ints(7)])
  expect(counts).toEqual({ joined: 0, batches: 0 })
  for (let i = 0; i < 3; i++) await burst(loaded, plain, [ints(7), ints(8), ints(9)])
  expect(counts).toEqual({ joined: 0, batches: 0 })
  await loaded.close()
})

test('where a joined run is slower than those alone, runs stay alone', async () => {
  let clock = 0
  const { plain } = await open(softmax(1))
  // a row takes a millisecond, and each row more in a run one more
  const slow: LoadedModel = {
    ...plain,
    run: async (inputs) => {
      clock += (inputs[0]?.shape[0] as number) ** 2
      return plain.run(inputs)
    },
  }
  const counts = { joined: 0, batches: 0 }
  const loaded = batched(slow, counts, () => clock)
  for (let i = 0; i < 3; i++) await burst(loaded, plain, [x(1, i), x(1, i + 1), x(1, i + 2)])
  expect(counts).toEqual({ joined: 0, batches: 0 })
  await loaded.close()
})

test('a run that comes in the turn in which the last batch ends is served', async () => {
  const { loaded, plain } = await open(softmax(1))
  let next = loaded.run([x(1, 0)])
  for (let i = 1; i < 200; i++) next = next.then(() => loaded.run([x(1, i)]))
  expect(await next).toEqual(await plain.run([x(1, 199)]))
  await loaded.close()
})

test('a model whose rows touch each other is never batched, even if the first requests are all alike', async () => {
  const { loaded, plain, counts } = await open(softmax(0))
  await burst(loaded, plain, [x(1, 0), x(1, 0), x(1, 0)])
  await burst(loaded, plain, [x(1, 1), x(1, 2), x(2, 3)])
  expect(counts).toEqual({ joined: 0, batches: 0 })
  await loaded.close()
})

test('a bad run among good ones is told of its own, and the others of theirs', async () => {
  const { loaded, plain } = await open(softmax(1))
  await burst(loaded, plain, [x(1, 0), x(1, 1)])
  const bad = { ...x(1, 2), shape: [1, 4], data: new Uint8Array(16) }
  const [good, refused, other] = await Promise.allSettled([loaded.run([x(1, 3)]), loaded.run([bad]), loaded.run([x(1, 5)])])
  expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'tensor_shape' } })
  expect(good).toEqual({ status: 'fulfilled', value: await plain.run([x(1, 3)]) })
  expect(other).toEqual({ status: 'fulfilled', value: await plain.run([x(1, 5)]) })
  await expect(loaded.run([])).rejects.toMatchObject({ code: 'tensor_input' })
  await loaded.close()
})

test('a model without free rows is left as it is', async () => {
  const proto = model(
    graph([node('Identity', ['x'], ['y'])], [value('x', 1, [2, 3])], [value('y', 1, [2, 3])]),
    bytes(14, text(1, 'k'), text(2, 'v')),
  )
  const plain = await device.load(proto, fileCid(proto))
  expect(batched(plain)).toBe(plain)
  await plain.close()
})
