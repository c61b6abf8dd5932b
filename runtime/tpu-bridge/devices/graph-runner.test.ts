import { beforeAll, expect, test } from 'vitest'
import { commitRun, fileCid } from '../../core/index.ts'
import { graphRunnerCompliance } from '../../../test/compliance/graph-runner.ts'
import { bytes, graph, model, node, text, value } from '../../../test/compliance/onnx-models.ts'
import { ocrInput, ocrModel } from '../../../test/compliance/ocr-model.ts'
import { onnxCpu, onnxWeb, ortRunner, wasmDevice, wasmRunner, foreignOn, type ExactGuest, type OrtDevice } from './index.ts'
import { exactForTests } from './testing/exact.ts'

let exact: ExactGuest
beforeAll(async () => {
  exact = await exactForTests()
}, 300_000)

const models = () => ({ cls: { bytes: ocrModel('cls'), inputs: [ocrInput('cls')] } })
graphRunnerCompliance('wasm', (read) => wasmRunner({ exact, models: read }), models, ['cls'])
graphRunnerCompliance('onnx-web', (read) => ortRunner(onnxWeb(), read), models, ['cls'])
graphRunnerCompliance('onnx-cpu', (read) => ortRunner(onnxCpu(), read), models, ['cls'])

test('U4.5-INF-2 a verified run commits to what a run whose values are looked at has, on every device', async () => {
  const file = ocrModel('cls')
  const inputs = [ocrInput('cls')]
  const cid = fileCid(file)
  const ort: readonly OrtDevice[] = [onnxWeb(), onnxCpu()]
  const cases = [
    ...ort.map((device) => ({ device, runner: ortRunner(device, async () => file) })),
    { device: wasmDevice({ exact }), runner: wasmRunner({ exact, models: async () => file }) },
    { device: wasmDevice({ exact, lanes: 2, hashThread: true }), runner: wasmRunner({ exact, models: async () => file }) },
  ]
  const roots: string[] = []
  for (const { device, runner } of cases) {
    const loaded = await device.load(file, cid)
    const expected = await commitRun(await runner.run(cid, inputs))
    // the second run repeats what the first one wrote down
    for (let again = 0; again < 2; again++) {
      const { outputs, ...ran } = await loaded.verified(inputs)
      const { arithmetic, entries, checkpoints, exceptions } = expected
      expect(ran).toMatchObject({ arithmetic, entries, checkpoints, exceptions })
      expect(outputs).toEqual((await runner.run(cid, inputs)).outputs)
    }
    roots.push(JSON.stringify(expected.checkpoints.map(([k, root]) => [k, [...root]])))
    await loaded.close()
    await runner.close()
    await device.close()
  }
  // the kernels have the bits of onnxruntime-web, so they commit to the same values
  expect(roots[2]).toBe(roots[0])
  expect(roots[3]).toBe(roots[0])
})

/** `y = x > 0 ? x + 1 : identity(x)`, by the sum of x: a branch that the values decide. */
const branching = (): Uint8Array => {
  const branch = (name: string, g: Uint8Array): Uint8Array => attribute(name, g)
  const then = graph([node('Add', ['x', 'x'], ['doubled'])], [], [text(1, 'doubled')])
  const other = graph([node('Mul', ['x', 'x'], ['square'])], [], [text(1, 'square')])
  return model(
    graph(
      [
        node('ReduceSum', ['x'], ['total'], '', intAttribute('keepdims', 0)),
        node('Greater', ['total', 'zero'], ['positive']),
        node('If', ['positive'], ['y'], '', branch('then_branch', then), branch('else_branch', other)),
        node('Add', ['y', 'y'], ['z']),
      ],
      [value('x', 1, [2])],
      [value('z', 1, [2])],
      [zeroScalar()],
    ),
  )
}
const attribute = (name: string, g: Uint8Array): Uint8Array => concat(text(1, name), bytes(6, g), Uint8Array.of(0xa0, 1, 5))
const intAttribute = (name: string, v: number): Uint8Array => concat(text(1, name), Uint8Array.of(0x18, v), Uint8Array.of(0xa0, 1, 2))
const zeroScalar = (): Uint8Array => concat(Uint8Array.of(0x10, 1), text(8, 'zero'), bytes(9, new Uint8Array(4)))
const concat = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((p) => [...p]))

test('a branch is taken by its condition, each way in one loaded model, and every operator of it can be run alone', async () => {
  const file = branching()
  const cid = fileCid(file)
  const x = (...v: number[]) => [{ name: 'x', dtype: 'f32' as const, shape: [2], data: new Uint8Array(Float32Array.from(v).buffer) }]
  const floats = (data: Uint8Array): number[] => [...new Float32Array(new Uint8Array(data).buffer)]
  const device = wasmDevice({ exact })
  const loaded = await device.load(file, cid)
  for (const [v, z] of [
    [
      [1, 2],
      [4, 8],
    ],
    [
      [-1, -3],
      [2, 18],
    ],
    [
      [2, 2],
      [8, 8],
    ],
  ] as const) {
    for (const outputs of [await loaded.run(x(...v)), (await loaded.verified(x(...v))).outputs])
      expect(floats(outputs[0]?.data as Uint8Array)).toEqual(z)
  }
  const runners = [wasmRunner({ exact, models: async () => file }), ortRunner(onnxWeb(), async () => file)]
  const traces = []
  for (const runner of runners) {
    const run = await runner.run(cid, x(-1, -3))
    traces.push(run.trace.map(({ path, operator, inputs, outputs, types, cost }) => ({ path, operator, inputs, outputs, types, cost })))
    for (const entry of run.trace) {
      const values = await run.values(entry.inputs)
      expect(await runner.runOperator(cid, entry.path, values)).toEqual(await run.values(entry.outputs))
    }
    expect((await commitRun(run)).entries).toBe(5)
    await runner.close()
  }
  expect(traces[0]).toEqual(traces[1])
  expect(traces[0]?.map((e) => e.operator)).toEqual(['ReduceSum', 'Greater', 'Mul', 'If', 'Add'])
  await loaded.close()
})

test('operators without kernels run elsewhere, and the commitment lists them', async () => {
  // Det is in no table of kernels
  const file = model(
    graph(
      [node('Add', ['x', 'x'], ['a']), node('Det', ['a'], ['d']), node('Add', ['d', 'd'], ['y'])],
      [value('x', 1, [2, 2])],
      [value('y', 1, [])],
    ),
  )
  const cid = fileCid(file)
  const inputs = [{ name: 'x', dtype: 'f32' as const, shape: [2, 2], data: new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer) }]
  await expect(wasmDevice({ exact }).load(file, cid)).rejects.toMatchObject({
    code: 'operator_unsupported',
    details: { operators: [{ operator: 'Det', count: 1, nodes: ['d'] }] },
  })
  const cpu = onnxCpu({ threads: 1 })
  const mixed = wasmDevice({ exact, foreign: foreignOn(cpu) })
  const loaded = await mixed.load(file, cid)
  for (let again = 0; again < 2; again++) {
    const { outputs, exceptions, arithmetic } = await loaded.verified(inputs)
    expect(arithmetic).toBe(`exact:${exact.component}`)
    expect(exceptions).toEqual([[1, cpu.valuesArithmetic]])
    expect(new Float32Array(outputs[0]?.data.buffer as ArrayBuffer)[0]).toBeCloseTo(-16, 4)
  }
  await loaded.close()
})
