import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestNode, type TestNode } from 'utnet/testing'

let node: TestNode

before(async () => {
  node = await startTestNode()
  await node.deploy(new URL('..', import.meta.url), '__NAME__')
})
after(() => node.close())

test('counts for each caller, and says so in an event', async () => {
  const first = await node.call('__NAME__', 'count', 2)
  assert.equal(first.result, '2')
  const second = await node.call('__NAME__', 'count', 40)
  assert.equal(second.result, '42')
  assert.deepEqual(second.events, [{ contract: second.events[0]?.contract, name: 'Counted', data: { who: node.account, count: 42 } }])
  assert.equal((await node.query('__NAME__', 'count-of', node.account)).result, '42')
})

test('does not wrap around', async () => {
  const answer = await node.call('__NAME__', 'count', '18446744073709551615')
  assert.notEqual(answer.status, 'ok')
  assert.equal((await node.query('__NAME__', 'count-of', node.account)).result, '42')
})
