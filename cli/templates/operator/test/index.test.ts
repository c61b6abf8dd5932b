import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestNode, type TestNode } from 'utnet/testing'

let node: TestNode

before(async () => {
  node = await startTestNode()
  await node.deploy(new URL('..', import.meta.url), '__NAME__')
})
after(() => node.close())

const infer = (inputs: { name: string; shape: number[]; datatype: string; data: number[] }[]) =>
  fetch(`${node.url}/v2/models/__NAME__/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ inputs }),
  })

test('adds', async () => {
  const tensor = (name: string, data: number[]) => ({ name, shape: [2, 2], datatype: 'FP32', data })
  const answer = await infer([tensor('a', [1, 2, 3, 4]), tensor('b', [10, 20, 30, 40])])
  assert.equal(answer.status, 200)
  const { outputs } = (await answer.json()) as { outputs: { data: number[] }[] }
  assert.deepEqual(outputs[0]?.data, [11, 22, 33, 44])
})

test('refuses other shapes', async () => {
  const answer = await infer([
    { name: 'a', shape: [1], datatype: 'FP32', data: [1] },
    { name: 'b', shape: [2], datatype: 'FP32', data: [1, 2] },
  ])
  assert.equal(answer.status >= 400, true)
})
