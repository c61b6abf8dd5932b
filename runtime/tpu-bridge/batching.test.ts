import { afterAll, expect, test } from 'vitest'
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
  return { loaded: batched(counted, counts), plain, runs: () => runs, counts }
}

async function burst(loaded: LoadedModel, plain: LoadedModel, inputs: readonly NamedTensor[]): Promise<void> {
  const alone = []
  for (const input of inputs) alone.push(await plain.run([input]))
  expect(await Promise.all(inputs.map((input) => loaded.run([input])))).toEqual(alone)
}

test('runs that wait together are joined once it has shown that no bit changes, each with its own rows', async () => {
  const { loaded, plain, runs, counts } = await open(softmax(1))
  await burst(loaded, plain, [x(1, 0), x(2, 5), x(1, 9)])
  expect(counts).toEqual({ joined: 0, batches: 0 }) // tried out, answered alone
  await burst(loaded, plain, [x(1, 1), x(2, 6), x(1, 10), x(3, 2), x(1, 4)])
  // three alone, two of its own, one joined to try it out, one that was served
  expect(runs()).toBe(3 + 2 + 1 + 1)
  expect(counts).toEqual({ joined: 5, batches: 1 })
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
