import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestNode, type TestNode } from 'utnet/testing'

let node: TestNode

before(async () => {
  node = await startTestNode()
  await node.deploy(new URL('..', import.meta.url), '__NAME__')
})
after(() => node.close())

test('greets, and every answer has a receipt', async () => {
  const answer = await fetch(`${node.url}/fn/__NAME__/world`)
  assert.equal(answer.status, 200)
  assert.deepEqual(await answer.json(), { hello: '/world' })
  assert.match(answer.headers.get('utnet-receipt') ?? '', /^bafy/)
})

test('echoes a body', async () => {
  const answer = await fetch(`${node.url}/fn/__NAME__`, { method: 'POST', body: 'ping', headers: { 'content-type': 'text/plain' } })
  assert.equal(await answer.text(), 'ping')
  assert.equal(answer.headers.get('content-type'), 'text/plain')
})
