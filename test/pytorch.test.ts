import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { glyphs } from '../examples/pytorch/index.ts'
import { isUtnetError, type NamedTensor } from '../runtime/core/index.ts'
import { startTestNode, type TestNode } from '../runtime/node/testing.ts'

const guest = (name: string): string => fileURLToPath(new URL(`../guest/operators/${name}`, import.meta.url))
const floats = (t: NamedTensor | undefined): Float32Array => new Float32Array((t as NamedTensor).data.slice().buffer)
const { model, digits, inputs, outputs } = glyphs()

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
})
afterAll(() => node.close())

test('a model whose custom operators are not deployed is refused, naming all of them', async () => {
  const error = await node.api.putModel('glyphs', model).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(isUtnetError(error, 'operator_unsupported')).toBe(true)
  expect(error).toMatchObject({
    details: {
      operators: [
        { operator: 'ai.utnet.Poly', count: 2, nodes: ['/act1/Poly', '/act3/Poly'] },
        { operator: 'ai.utnet.Int8Linear', count: 1, nodes: ['/wide/Int8Linear'] },
      ],
    },
  })
})

test('a model trained and exported by PyTorch, custom operators inside, gives what torch gives, with a receipt', async () => {
  await node.deploy(guest('poly'), 'poly')
  await node.deploy(guest('int8-linear'), 'int8-linear')
  expect(await node.api.putModel('glyphs', model)).toMatchObject({
    inputs: [{ name: 'image', dtype: 'f32', shape: [-1, 1, 14, 14] }],
    outputs: [{ name: 'scores', dtype: 'f32', shape: [-1, 10] }],
    devices: expect.arrayContaining(['onnx-cpu', 'onnx-web']),
  })
  const want = floats(outputs[0])
  for (const arithmetic of ['any', 'exact'] as const) {
    const { outputs: found, receipt } = await node.api.infer({ model: 'glyphs', inputs, arithmetic })
    expect(found.map((t) => [t.name, t.shape])).toEqual([['scores', [3, 10]]])
    const got = floats(found[0])
    expect(Math.max(...want.map((v, i) => Math.abs(v - (got[i] as number))))).toBeLessThan(1e-5)
    expect(digits.map((_, i) => got.subarray(i * 10, i * 10 + 10)).map((scores) => scores.indexOf(Math.max(...scores)))).toEqual(digits)
    expect((await node.api.receipt(receipt.id)).body).toMatchObject({ kind: 'infer', status: 'ok' })
  }
})

test('other batches run, and what a guest refuses is the answer', async () => {
  const [image] = inputs as readonly [NamedTensor]
  const one = { ...image, shape: [1, 1, 14, 14], data: image.data.slice(0, 14 * 14 * 4) }
  const alone = await node.api.infer({ model: 'glyphs', inputs: [one], arithmetic: 'exact' })
  const three = await node.api.infer({ model: 'glyphs', inputs, arithmetic: 'exact' })
  expect(floats(alone.outputs[0])).toEqual(floats(three.outputs[0]).subarray(0, 10))
  const wrong = { ...image, shape: [3, 14, 14] }
  await expect(node.api.infer({ model: 'glyphs', inputs: [wrong] })).rejects.toMatchObject({ code: 'tensor_shape' })
})
