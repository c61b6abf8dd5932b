import { beforeAll, expect, test } from 'vitest'
import { type CID, type NamedTensor } from '../../runtime/core/index.ts'
import { buildText } from '../../runtime/host/build/testing/guests.ts'
import type { Host } from '../../runtime/host/index.ts'
import { testHost } from '../../runtime/host/testing/host.ts'

const TRANSPOSE = `
import { Dtype, Tensor } from '@utnet/sdk/tensor'
import { fail } from '@utnet/sdk/operator'
export function run(inputs: Array<Tensor>): Array<Tensor> {
  const a = inputs[0]
  if (a.shape.length != 2) return fail('takes a matrix')
  const t = Tensor.like(a).reshape([a.shape[1], a.shape[0]])
  const from = a.f32, to = t.f32
  for (let i: u32 = 0; i < a.shape[0]; i++) for (let j: u32 = 0; j < a.shape[1]; j++) to[t.offset([j, i])] = from[a.offset([i, j])]
  const strides = a.strides
  const s = new Int32Array(strides.length)
  for (let i = 0; i < strides.length; i++) s[i] = strides[i]
  const same = new Float64Array(1)
  same[0] = a.sameShape(t) ? 1 : 0
  return [t, Tensor.fromS32([<u32>strides.length], s), Tensor.fromF64([1], same)]
}`
const OUTSIDE = `
import { Tensor } from '@utnet/sdk/tensor'
export function run(inputs: Array<Tensor>): Array<Tensor> { return [inputs[0].reshape([99])] }`

let host: Host
beforeAll(() => {
  host = testHost()
})
const load = async (text: string): Promise<CID> => (await host.admit((await buildText('operator', { 'index.ts': text })).component)).module
const matrix = (shape: number[], values: number[]): NamedTensor => ({
  name: '0',
  dtype: 'f32',
  shape,
  data: new Uint8Array(new Float32Array(values).buffer),
})

test('an operator addresses elements by index, strides and reshaped views', async () => {
  const module = await load(TRANSPOSE)
  const run = await host.runOperator({ module, inputs: [matrix([2, 3], [1, 2, 3, 4, 5, 6])], gasLimit: 10_000_000n })
  expect(run).toMatchObject({ status: 'ok' })
  expect(run.outputs.map((t) => t.shape)).toEqual([[3, 2], [2], [1]])
  expect([...new Float32Array(run.outputs[0]?.data.slice().buffer as ArrayBuffer)]).toEqual([1, 4, 2, 5, 3, 6])
  expect([...new Int32Array(run.outputs[1]?.data.slice().buffer as ArrayBuffer)]).toEqual([3, 1])
  expect([...new Float64Array(run.outputs[2]?.data.slice().buffer as ArrayBuffer)]).toEqual([0])
  expect(await host.runOperator({ module, inputs: [matrix([1], [1])], gasLimit: 10_000_000n })).toMatchObject({
    status: 'refused',
    message: 'takes a matrix',
  })
})

test('a shape of another count is refused', async () => {
  const module = await load(OUTSIDE)
  expect(await host.runOperator({ module, inputs: [matrix([2], [1, 2])], gasLimit: 10_000_000n })).toMatchObject({ status: 'trap' })
})
