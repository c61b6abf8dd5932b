import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { limitArrival } from './arrival.ts'

const LIMITS = { headersMs: 200, requestMs: 250, checkMs: 20 }
const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n'

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A server that answers 200, and says what it refused; a client of it that has a connection. */
async function pair(limited: boolean): Promise<{ client: Socket; answer: Promise<string> }> {
  const server = createServer(
    { connectionsCheckingInterval: LIMITS.checkMs, headersTimeout: LIMITS.headersMs, requestTimeout: LIMITS.requestMs },
    (_, response) => response.end('here'),
  )
  if (limited) limitArrival(server, LIMITS)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => socket.end(error.code))
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const answer = once(client, 'data').then(([data]) => (data as Buffer).toString())
  await Promise.all([once(client, 'connect'), once(server, 'connection')])
  return { client, answer }
}

/** Sends a whole request and keeps the thread busy for longer than a request may take. */
function sendAndStall(client: Socket): void {
  client.write(`${HEAD}\r\n`)
  const until = performance.now() + 600
  while (performance.now() < until);
}

test('what arrives while the thread is busy is answered; node alone would refuse it', async () => {
  const ours = await pair(true)
  sendAndStall(ours.client)
  expect(await ours.answer).toContain('200 OK')
  const bare = await pair(false)
  sendAndStall(bare.client)
  expect(await bare.answer).toBe('ERR_HTTP_REQUEST_TIMEOUT')
})

test('a head that does not come is refused, also behind a busy moment', async () => {
  const { client, answer } = await pair(true)
  client.write(HEAD)
  await sleep(50)
  const until = performance.now() + 100
  while (performance.now() < until);
  expect(await answer).toBe('ERR_HTTP_REQUEST_TIMEOUT')
})
