import { createServer, request, type Server } from 'node:http'
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { closeRested, restByLooks } from './resting.ts'

/** A server that looks when it is told to, and its sockets. */
async function looking(
  keepAliveTimeout: number,
): Promise<{ readonly server: Server; readonly sockets: Set<Socket>; readonly port: number }> {
  const sockets = new Set<Socket>()
  const server = createServer({ keepAliveTimeout, keepAliveTimeoutBuffer: 0 }, (incoming, outgoing) => {
    if (incoming.url !== '/waits') outgoing.end('ok')
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    restByLooks(socket, 1_000)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, sockets, port: (server.address() as AddressInfo).port }
}

/** Sends a request on a connection and waits for the end of its answer. */
async function asked(socket: Socket): Promise<void> {
  socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  for (let text = ''; !text.includes('ok');) text += String((await once(socket, 'data'))[0])
}

test('a connection rests for its time by looks and is closed then; a request begins it anew', async () => {
  const { server, sockets, port } = await looking(3_000)
  const client = connect(port, '127.0.0.1')
  try {
    for (let i = 0; i < 5; i++) {
      await asked(client)
      // three looks are two seconds and some of the third
      for (let look = 0; look < 3; look++) closeRested(sockets)
      expect([...sockets].map(({ destroyed }) => destroyed)).toEqual([false])
    }
    closeRested(sockets)
    await once(client, 'close')
  } finally {
    client.destroy()
    server.close()
  }
})

test('nobody is closed who has not been answered yet, or waits for an answer', async () => {
  const { server, sockets, port } = await looking(1_000)
  const silent = connect(port, '127.0.0.1')
  const waiting = request({ port, host: '127.0.0.1', path: '/waits' }).on('error', () => undefined)
  try {
    waiting.end()
    await Promise.all([once(silent, 'connect'), once(server, 'request')])
    const behind = connect(port, '127.0.0.1')
    await asked(behind)
    expect(sockets.size).toBe(3)
    for (let look = 0; look < 10; look++) closeRested(sockets)
    await once(behind, 'close')
    expect([...sockets].map(({ destroyed }) => destroyed)).toEqual([false, false])
  } finally {
    silent.destroy()
    waiting.destroy()
    server.close()
  }
})
