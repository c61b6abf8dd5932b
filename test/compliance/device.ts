/** What every device must do. Called from the test file of each device. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DTYPES, fileCid, UtnetError, type Dtype, type NamedTensor } from '../../runtime/core/index.ts'
import type { Device, LoadedModel } from '../../runtime/tpu-bridge/index.ts'
import { division, externalTensor, graph, identity, model, node, ONNX_TYPE, twoOutputs, value } from './onnx-models.ts'

const f32 = (name: string, shape: readonly number[], values: readonly number[]): NamedTensor => ({
  name,
  dtype: 'f32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
})
const floats = (t: NamedTensor | undefined): number[] => [...new Float32Array((t as NamedTensor).data.slice().buffer)]
const code = (c: string) => expect.objectContaining({ code: c })
const load = (device: Device, bytes: Uint8Array): Promise<LoadedModel> => device.load(bytes, fileCid(bytes))

/** Registers the suite. `expected` is what the device claims to be; one that reads graphs itself lists the operators that it lacks. */
export function deviceCompliance(
  name: string,
  make: () => Device,
  expected: Pick<Device, 'id' | 'class'>,
  unknownOperator: 'model_invalid' | 'operator_unsupported' = 'model_invalid',
): void {
  describe(`device compliance: ${name}`, () => {
    let device: Device
    beforeAll(() => {
      device = make()
    })
    afterAll(() => device.close())

    test('names itself, with its class in front of its arithmetic id', async () => {
      expect({ id: device.id, class: device.class }).toEqual(expected)
      expect(device.arithmetic.startsWith(`${device.class}:`)).toBe(true)
      expect(device.arithmetic).toMatch(/^[\x21-\x7e]+$/)
      expect(await device.available()).toBe(true)
    })

    test('every dtype goes in and out bit for bit, NaNs apart', async () => {
      for (const dtype of Object.keys(DTYPES) as Dtype[]) {
        const loaded = await load(device, identity(ONNX_TYPE[dtype], ['n', 3]))
        expect(loaded.inputs).toEqual([{ name: 'x', dtype, shape: [-1, 3] }])
        expect(loaded.outputs).toEqual([{ name: 'y', dtype, shape: [-1, 3] }])
        const width = DTYPES[dtype]
        await fc.assert(
          fc.asyncProperty(
            fc.integer({ min: 1, max: 5 }).chain((n) => fc.uint8Array({ minLength: n * 3 * width, maxLength: n * 3 * width })),
            async (raw) => {
              const data = dtype === 'boolean' ? raw.map((b) => b & 1) : raw
              const shape = [data.length / width / 3, 3]
              const [y] = await loaded.run([{ name: 'x', dtype, shape, data }])
              expect(y).toEqual({ name: 'y', dtype, shape, data: canonical(dtype, data) })
            },
          ),
          { numRuns: 8 },
        )
        await loaded.close()
      }
    })

    test('a free side without a name is as free as one with a name', async () => {
      const side = (name: string): Uint8Array => value(name, ONNX_TYPE.f32, [-1, 2])
      const loaded = await load(device, model(graph([node('Identity', ['x'], ['y'])], [side('x')], [side('y')])))
      expect([loaded.inputs, loaded.outputs]).toEqual([
        [{ name: 'x', dtype: 'f32', shape: [-1, 2] }],
        [{ name: 'y', dtype: 'f32', shape: [-1, 2] }],
      ])
      expect(floats((await loaded.run([f32('x', [1, 2], [3, 4])]))[0])).toEqual([3, 4])
      await loaded.close()
    })

    test('unaligned input bytes are read right and left alone', async () => {
      const loaded = await load(device, identity(ONNX_TYPE.f64, [2]))
      const buffer = new Uint8Array(64).fill(7)
      const data = buffer.subarray(3, 19)
      data.set(new Uint8Array(Float64Array.of(1.5, -2.25).buffer))
      const before = buffer.slice()
      const [y] = await loaded.run([{ name: 'x', dtype: 'f64', shape: [2], data }])
      expect(y?.data).toEqual(data.slice())
      expect(buffer).toEqual(before)
      await loaded.close()
    })

    test('a Buffer from the shared pool is as good as any bytes, and is copied', async () => {
      const bytes = Buffer.from(division())
      const loaded = await load(device, bytes)
      const data = Buffer.from(Float32Array.of(3).buffer)
      const running = loaded.run([
        { name: 'a', dtype: 'f32', shape: [1], data },
        { name: 'b', dtype: 'f32', shape: [1], data: Buffer.from(new Uint8Array(Float32Array.of(2).buffer)) },
      ])
      data.fill(0)
      expect(floats((await running)[0])).toEqual([1.5])
      expect([data.length, bytes.length]).toEqual([4, division().length])
      await loaded.close()
    })

    test('NaNs that the model makes, and NaNs with payloads, come out canonical', async () => {
      const loaded = await load(device, division())
      const [y] = await loaded.run([f32('a', [4], [0, 1, -1, -0]), f32('b', [4], [0, 0, 0, 1])])
      expect([...new Uint32Array((y as NamedTensor).data.slice().buffer)]).toEqual([0x7fc00000, 0x7f800000, 0xff800000, 0x80000000])
      await loaded.close()
    })

    test('gives every declared output in order, and the same bytes each time', async () => {
      const loaded = await load(device, twoOutputs())
      expect(loaded.outputs.map((o) => o.name)).toEqual(['product', 'sum'])
      const inputs = [f32('c', [1, 4], [1, 2, 3, 4]), f32('a', [2, 4], [1, 0, 0, 0, 0, 1, 0, 0]), f32('b', [4, 1], [5, 6, 7, 8])]
      const first = await loaded.run(inputs)
      expect(first.map((t) => [t.name, t.shape])).toEqual([
        ['product', [2, 1]],
        ['sum', [2, 4]],
      ])
      expect(floats(first[0])).toEqual([5, 6])
      expect(floats(first[1])).toEqual([2, 2, 3, 4, 1, 3, 3, 4])
      expect(await loaded.run(inputs)).toEqual(first)
      await loaded.close()
    })

    test('bad inputs are refused by name, and the model stays usable', async () => {
      const loaded = await load(device, twoOutputs())
      const a = f32('a', [1, 4], [1, 2, 3, 4])
      const b = f32('b', [4, 1], [1, 1, 1, 1])
      const c = f32('c', [1, 4], [0, 0, 0, 0])
      const bad: readonly (readonly [string, readonly NamedTensor[], string])[] = [
        ['tensor_input', [a, b], 'c'],
        ['tensor_input', [a, b, c, f32('d', [1], [1])], 'd'],
        ['tensor_input', [a, b, c, a], 'a'],
        ['tensor_input', [a, b, f32('__proto__', [1, 4], [0, 0, 0, 0])], '__proto__'],
        ['tensor_dtype', [a, b, { ...c, dtype: 's32' }], 'c'],
        ['tensor_dtype', [a, b, { ...c, dtype: 'f16' as Dtype }], 'c'],
        ['tensor_shape', [a, b, { ...c, shape: [4] }], 'c'],
        ['tensor_shape', [a, b, { ...c, shape: [2, 2] }], 'c'],
        ['tensor_shape', [a, b, { ...c, shape: [1, 4.5] }], 'c'],
        ['tensor_shape', [a, b, { ...c, shape: [-1, -4] }], 'c'],
        ['tensor_shape', [a, b, { ...c, data: c.data.subarray(1) }], 'c'],
        ['tensor_shape', [a, b, { ...c, shape: [1, 1, 1, 1, 1, 1, 1, 1, 4] }], 'c'],
        ['tensor_input', Array.from({ length: 65 }, (_, i) => f32(`i${i}`, [1], [0])), 'tensorsPerCall'],
      ]
      for (const [want, inputs, offender] of bad) {
        const error = await loaded.run(inputs).then(
          () => undefined,
          (e: unknown) => e,
        )
        expect(error).toEqual(code(want))
        expect(`${(error as UtnetError).message} ${(error as UtnetError).limit}`).toContain(offender)
      }
      expect(floats((await loaded.run([a, b, c]))[0])).toEqual([10])
      await loaded.close()
    })

    test('free dimensions that do not go together are a tensor_shape of the caller', async () => {
      const loaded = await load(device, division())
      await expect(loaded.run([f32('a', [2], [1, 2]), f32('b', [3], [1, 2, 3])])).rejects.toEqual(code('tensor_shape'))
      expect(floats((await loaded.run([f32('a', [1], [6]), f32('b', [1], [3])]))[0])).toEqual([2])
      await loaded.close()
    })

    test('a boolean byte other than 0 and 1 is refused', async () => {
      const loaded = await load(device, identity(ONNX_TYPE.boolean, [2]))
      await expect(loaded.run([{ name: 'x', dtype: 'boolean', shape: [2], data: Uint8Array.of(1, 2) }])).rejects.toEqual(
        code('tensor_input'),
      )
      await loaded.close()
    })

    test('models that are broken, reach outside their file, or cannot be reproduced are model_invalid', async () => {
      const one = (n: Uint8Array): Uint8Array => model(graph([n], [value('x', 1, [1])], [value('y', 1, [1])]))
      const bad: readonly (readonly [string, Uint8Array])[] = [
        ['empty', new Uint8Array()],
        ['not protobuf', Uint8Array.of(255, 255, 255, 255, 255, 255)],
        ['cut short', division().subarray(0, 40)],
        ['unknown operator', one(node('NoSuchOperator', ['x'], ['y']))],
        ['more elements in than a tensor has', identity(1, [2 ** 13, 2 ** 12])],
        ['custom domain', one(node('Poly', ['x'], ['y'], 'com.example'))],
        ['dangling edge', one(node('Identity', ['nowhere'], ['y']))],
        ['type mismatch', model(graph([node('Identity', ['x'], ['y'])], [value('x', 1, [1])], [value('y', 7, [1])]))],
        ['string tensor', identity(8, [1])],
        ['half precision at the door', identity(10, [1])],
        ['random', one(node('RandomNormalLike', ['x'], ['y']))],
        [
          'weights in a file',
          model(graph([node('Identity', ['w'], ['y'])], [], [value('y', 2, [16])], [externalTensor('w', 'package.json', 16)])),
        ],
      ]
      for (const [what, bytes] of bad) {
        const error = await load(device, bytes).then(
          () => undefined,
          (e: unknown) => e,
        )
        const wanted = what === 'unknown operator' ? unknownOperator : 'model_invalid'
        expect({ what, code: (error as UtnetError).code }).toEqual({ what, code: wanted })
        expect((error as UtnetError).message.length).toBeLessThan(400)
      }
    })

    test('two models of one device do not disturb each other', async () => {
      const p = await load(device, division())
      const q = await load(device, identity(ONNX_TYPE.f32, ['n']))
      const runs = await Promise.all(
        [1, 2, 3, 4].flatMap((i) => [p.run([f32('a', [1], [i * 2]), f32('b', [1], [2])]), q.run([f32('x', [1], [i * 10])])]),
      )
      expect(runs.map((r) => floats(r[0])[0])).toEqual([1, 10, 2, 20, 3, 30, 4, 40])
      await p.close()
      expect(floats((await q.run([f32('x', [2], [8, 9])]))[0])).toEqual([8, 9])
      await q.close()
    })
  })
}

/** The bytes with canonical NaNs, by a way of its own: bit patterns, not float compares. */
function canonical(dtype: Dtype, data: Uint8Array): Uint8Array {
  const out = data.slice()
  if (dtype === 'f32') {
    const bits = new Uint32Array(out.buffer)
    bits.forEach((b, i) => {
      if ((b & 0x7fffffff) > 0x7f800000) bits[i] = 0x7fc00000
    })
  } else if (dtype === 'f64') {
    const bits = new BigUint64Array(out.buffer)
    bits.forEach((b, i) => {
      if ((b & 0x7fff_ffff_ffff_ffffn) > 0x7ff0_0000_0000_0000n) bits[i] = 0x7ff8_0000_0000_0000n
    })
  }
  return out
}
