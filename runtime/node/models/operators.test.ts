import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeGenesis, isUtnetError, type UtnetError } from '../../core/index.ts'
import { verifyBundle } from '../../verify/index.ts'
import { reexecute, replayBundle } from '../index.ts'
import { startTestNode, type TestNode } from '../testing.ts'

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
  await node.deploy(fileURLToPath(new URL('../../../guest/operators/matmul', import.meta.url)), 'matmul')
})
afterAll(() => node.close())

const tensor = (name: string, shape: readonly number[]) => ({
  name,
  dtype: 'f32' as const,
  shape,
  data: new Uint8Array(shape.reduce((n, d) => n * d, 1) * 4),
})

test('an operator that refuses its inputs leaves a receipt that verifies, and the error names it', async () => {
  const error = await node.api.infer({ model: 'matmul', inputs: [tensor('a', [2, 3]), tensor('b', [2, 3])] }).then(
    () => undefined,
    (thrown: unknown) => thrown as UtnetError,
  )
  expect(isUtnetError(error, 'tensor_input')).toBe(true)
  expect(error?.message).toContain('inner sides differ')
  const id = String(error?.details?.['receipt'])
  const view = await node.api.receipt(id, 20_000)
  expect(view.body).toMatchObject({ kind: 'infer', status: 'refused', world: 'operator' })
  const car = await node.api.bundle(id)
  const { checks, valid } = await verifyBundle(car, { trust: [decodeGenesis(await node.api.genesis())], reexecute })
  expect(checks.filter((c) => !c.ok)).toEqual([])
  expect(valid).toBe(true)
  expect(await replayBundle(car)).toMatchObject({ equal: true, status: 'refused' })
})

test('an operator is described as a model is, and not as one of ONNX', async () => {
  const answer = await fetch(`${node.url}/v2/models/matmul`)
  expect(await answer.json()).toMatchObject({ name: 'matmul', platform: 'wasm', inputs: [], outputs: [] })
})
