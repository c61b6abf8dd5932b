import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { answerWaiting, connectionTable, listConnections } from './connections.ts'

test('who waits is answered and nobody else, however many connections there were before', async () => {
  const table = connectionTable()
  const seen = listConnections(table)
  for (let i = 0; i < 5_000; i++) {
    const socket = { _handle: { fd: 1_000_000 } } as unknown as Socket
    seen.opened(socket)
    seen.waits(socket)
    seen.closed(socket)
  }
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  seen.opened(socket)
  // between two requests there is nothing to answer, until one has come
  expect(answerWaiting(table, 'never')).toBe(0)
  seen.waits(socket)
  expect(answerWaiting(table, 'first ')).toBe(1)
  seen.writes(socket)
  expect(answerWaiting(table, 'never')).toBe(0)
  seen.rests(socket)
  client.write('GET')
  while (answerWaiting(table, 'second') === 0) await setImmediate()
  seen.waits(socket)
  seen.closed(socket)
  expect(answerWaiting(table, 'never')).toBe(0)
  socket.destroy()
  expect(Buffer.concat(await client.toArray()).toString()).toBe('first second')
  server.close()
})
