import * as fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { deviceCompliance } from '../../../../test/compliance/device.ts'
import { ocrInput, ocrModel } from '../../../../test/compliance/ocr-model.ts'
import { bytes, graph, int, model, node, text, value } from '../../../../test/compliance/onnx-models.ts'
import { concatBytes, fileCid, LIMITS, UtnetError, type NamedTensor } from '../../../core/index.ts'
import { onnxWeb } from '../onnx-web.ts'
import { exactForTests } from '../testing/exact.ts'
import { threaded } from '../threaded.ts'
import { wasmDevice, type ExactGuest, type LazyExact } from './index.ts'

let exact: ExactGuest & LazyExact
beforeAll(async () => {
  exact = await exactForTests()
}, 300_000)

const WASM = { id: 'wasm', class: 'exact' } as const
deviceCompliance('wasm', () => wasmDevice({ exact }), WASM, 'operator_unsupported')
deviceCompliance('wasm in threads', () => threaded('wasm', { exact, threads: 2 }), WASM, 'operator_unsupported')

const nodeOf = (inputs: readonly string[], output: string): Uint8Array => node('Add', inputs, [output])
const f32 = (name: string, values: readonly number[], shape: readonly number[] = [values.length]): NamedTensor => ({
  name,
  dtype: 'f32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
})

test('values lie where nothing else is needed: chains of sums of any shape give what they give elsewhere', async () => {
  const web = onnxWeb()
  const device = wasmDevice({ exact })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 24 }),
      fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      fc.array(fc.float({ noNaN: true, min: -1, max: 1 }), { minLength: 1, maxLength: 40 }),
      async (sums, kept, values) => {
        const names = ['x', 'w']
        const nodes = sums.map(([a, b], i) => {
          const taken = [names[a % names.length] as string, names[b % names.length] as string]
          names.push(`v${i}`)
          return nodeOf(taken, `v${i}`)
        })
        const outputs = [...new Set(kept.map((k) => `v${k % sums.length}`))]
        const weight = concatBytes(int(1, 1), int(2, 1), text(8, 'w'), bytes(9, new Uint8Array(Float32Array.of(0.3).buffer)))
        const file = model(
          graph(
            nodes,
            [value('x', 1, ['n'])],
            outputs.map((o) => value(o, 1, [`free${o}`])),
            [weight],
          ),
        )
        const [ours, theirs] = [await device.load(file, fileCid(file)), await web.load(file, fileCid(file))]
        for (const input of [values, [...values, 1], values]) {
          const [a, b] = [await ours.run([f32('x', input)]), await theirs.run([f32('x', input)])]
          expect(a).toEqual(b)
          expect((await ours.verified([f32('x', input)])).outputs).toEqual(b)
        }
        await ours.close()
        await theirs.close()
      },
    ),
    { numRuns: 25 },
  )
})

test('a real model by one lane, by two and by three gives the same bytes as onnxruntime-web', async () => {
  const file = ocrModel('det')
  const input = ocrInput('det')
  const theirs = await (await onnxWeb().load(file, fileCid(file))).run([input])
  for (const lanes of [1, 2, 3]) {
    const device = wasmDevice({ exact, lanes, hashThread: lanes === 2 })
    const loaded = await device.load(file, fileCid(file))
    for (let again = 0; again < 2; again++) expect(await loaded.run([input])).toEqual(theirs)
    expect((await loaded.verified([input])).outputs).toEqual(theirs)
    await loaded.close()
    await device.close()
  }
})

test('a model that needs more memory than the quota is refused by name, at one page over', async () => {
  const file = model(graph([nodeOf(['x', 'x'], 'y')], [value('x', 1, ['n'])], [value('y', 1, ['m'])]))
  const needs = async (quotaPages: number): Promise<unknown> => {
    const loaded = await wasmDevice({ exact, quotaPages }).load(file, fileCid(file))
    return loaded
      .run([
        f32(
          'x',
          Array.from({ length: 100_000 }, () => 1),
        ),
      ])
      .catch((error: unknown) => error)
  }
  let least = exact.minPages
  while ((await needs(least)) instanceof UtnetError) least++
  expect(await needs(least - 1)).toMatchObject({ code: 'core_too_large', limit: 'memoryPages', used: least, allowed: least - 1 })
})

test('an index out of bounds stops the run, with one lane and with two, and the model stays usable', async () => {
  const file = model(
    graph(
      [node('Gather', ['x', 'i'], ['g']), node('Add', ['g', 'g'], ['y'])],
      [value('x', 1, ['n']), value('i', 7, ['k'])],
      [value('y', 1, ['k'])],
    ),
  )
  const at = (...i: number[]): NamedTensor => ({
    name: 'i',
    dtype: 's64',
    shape: [i.length],
    data: new Uint8Array(BigInt64Array.from(i.map(BigInt)).buffer),
  })
  for (const lanes of [1, 2]) {
    const device = wasmDevice({ exact, lanes })
    const loaded = await device.load(file, fileCid(file))
    for (let again = 0; again < 3; again++) {
      await expect(loaded.run([f32('x', [1, 2, 3]), at(0, 3)])).rejects.toMatchObject({ code: 'tensor_input' })
      const [y] = await loaded.run([f32('x', [1, 2, 3]), at(2, 0)])
      expect([...new Float32Array(y?.data.buffer as ArrayBuffer)]).toEqual([6, 2])
    }
    await loaded.close()
    await device.close()
  }
})

test('more elements than a tensor has are refused where an output declares them, beside a free side too: its gas would be past all numbers', async () => {
  const declared = (side: number): Uint8Array =>
    model(graph([node('Relu', ['x'], ['y'])], [value('x', 1, ['n', 1])], [value('y', 1, ['n', side, 2])]))
  const device = wasmDevice({ exact })
  await expect(device.load(declared(LIMITS.tensorElements), fileCid(declared(1)))).rejects.toMatchObject({
    code: 'model_invalid',
    limit: 'tensorElements',
  })
  await (await device.load(declared(LIMITS.tensorElements / 2), fileCid(declared(1)))).close()
  await device.close()
})
