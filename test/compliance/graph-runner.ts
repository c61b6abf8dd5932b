/** What every graph runner must do. Called from the test files of the runtimes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commitRun, fileCid, type CID, type GraphRun, type GraphRunner, type NamedTensor, type Tensor } from '../../runtime/core/index.ts'
import { division, twoOutputs } from './onnx-models.ts'

export interface RunnerModel {
  readonly bytes: Uint8Array
  readonly inputs: readonly NamedTensor[]
}

const f32 = (name: string, shape: readonly number[], values: readonly number[]): NamedTensor => ({
  name,
  dtype: 'f32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
})
const refused = (code: string) => expect.objectContaining({ code })
const valuesAt = (values: ReadonlyMap<string, Tensor>, names: readonly string[]): (Tensor | undefined)[] =>
  names.map((name) => (name === '' ? undefined : (values.get(name) as Tensor)))

/** Every value of a run, by name, asked for a few at a time. */
export async function allValues(run: GraphRun): Promise<ReadonlyMap<string, Tensor>> {
  const names = [...new Set(run.trace.flatMap((e) => [...e.inputs, ...e.outputs]).filter((name) => name !== ''))]
  const values = new Map<string, Tensor>()
  for (let at = 0; at < names.length; at += 64) {
    const part = names.slice(at, at + 64)
    ;(await run.values(part)).forEach((t, i) => values.set(part[i] as string, t))
  }
  return values
}

/** Registers the suite; `models` by name are run whole and operator by operator. */
export function graphRunnerCompliance(
  name: string,
  make: (models: (model: CID) => Promise<Uint8Array>) => GraphRunner & { close(): Promise<void> },
  models: () => Readonly<Record<string, RunnerModel>>,
  names: readonly string[],
): void {
  describe(`graph runner compliance: ${name}`, () => {
    const files = new Map<string, Uint8Array>()
    const add = (bytes: Uint8Array): CID => {
      const cid = fileCid(bytes)
      files.set(cid.toString(), bytes)
      return cid
    }
    let runner: GraphRunner & { close(): Promise<void> }
    beforeAll(() => {
      runner = make(async (model) => files.get(model.toString()) as Uint8Array)
    })
    afterAll(() => runner.close())

    test('a run tells of its operators in order, and every value of it can be had, constants and inputs too', async () => {
      const model = add(twoOutputs())
      const inputs = [f32('c', [1, 4], [1, 2, 3, 4]), f32('a', [2, 4], [1, 0, 0, 0, 0, 1, 0, 0]), f32('b', [4, 1], [5, 6, 7, 8])]
      const run = await runner.run(model, inputs)
      expect(run.trace.map((e) => [e.path, e.operator, e.inputs, e.outputs, e.types])).toEqual([
        [[0], 'MatMul', ['a', 'b'], ['product'], [{ dtype: 'f32', shape: [2, 1] }]],
        [[1], 'Add', ['a', 'c'], ['sum'], [{ dtype: 'f32', shape: [2, 4] }]],
      ])
      expect(run.arithmetic).toBe(runner.arithmetic)
      expect(run.outputs.map((t) => t.name)).toEqual(['product', 'sum'])
      const [c, sum, again] = await run.values(['c', 'sum', 'sum'])
      expect(c?.data).toEqual(inputs[0]?.data)
      expect(sum?.data).toEqual(run.outputs[1]?.data)
      expect(again).toEqual(sum)
      await expect(run.values(['nowhere'])).rejects.toEqual(refused('core_bad_argument'))
    })

    test('other shapes are another run', async () => {
      const model = add(division())
      for (const n of [1, 3, 1]) {
        const values = Array.from({ length: n }, (_, i) => i + 1)
        const run = await runner.run(model, [f32('a', [n], values), f32('b', [n], values)])
        expect([...new Float32Array(new Uint8Array((run.outputs[0] as Tensor).data).buffer)]).toEqual(values.map(() => 1))
      }
    })

    test('bad inputs, paths and operands are refused', async () => {
      const model = add(division())
      const one = f32('a', [1], [1])
      await expect(runner.run(model, [one])).rejects.toEqual(refused('tensor_input'))
      for (const path of [[], [1], [0, 0], [0, 0, 0], [-1]])
        await expect(runner.runOperator(model, path, [one, one])).rejects.toEqual(refused('core_bad_argument'))
      await expect(runner.runOperator(model, [0], [one])).rejects.toEqual(refused('core_bad_argument'))
      await expect(runner.runOperator(model, [0], [f32('', [2], [1, 2]), f32('', [3], [1, 2, 3])])).rejects.toEqual(refused('tensor_shape'))
      expect(await runner.runOperator(model, [0], [one, one])).toEqual([{ dtype: 'f32', shape: [1], data: one.data }])
    })

    test.each(names)('%s: every operator alone gives the bytes that it gave in the whole run', async (key) => {
      const { bytes, inputs } = models()[key] as RunnerModel
      const model = add(bytes)
      const run = await runner.run(model, inputs)
      const values = await allValues(run)
      for (const entry of run.trace) {
        const alone = await runner.runOperator(model, entry.path, valuesAt(values, entry.inputs))
        entry.outputs.forEach((output, i) => {
          if (output !== '') expect({ output, tensor: alone[i] }).toEqual({ output, tensor: values.get(output) })
        })
      }
      const { checkpoints, entries } = await commitRun(run)
      expect(entries).toBe(run.trace.length)
      expect(checkpoints.length).toBeGreaterThan(0)
    })
  })
}
