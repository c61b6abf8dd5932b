import { createServer, request, type Server } from 'node:http'
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { closeIdle, idleBySweeps } from './idle.ts'

/** A server that sweeps when it is told to, and its sockets. */
async function sweeping(
  keepAliveTimeout: number,
): Promise<{ readonly server: Server; readonly sockets: Set<Socket>; readonly port: number }> {
  const sockets = new Set<Socket>()
  const server = createServer({ keepAliveTimeout, keepAliveTimeoutBuffer: 0 }, (incoming, outgoing) => {
    if (incoming.url !== '/waits') outgoing.end('ok')
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    idleBySweeps(socket, 1_000)
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

test('a connection is idle for its time by sweeps and is closed then; a request begins it anew', async () => {
  const { server, sockets, port } = await sweeping(3_000)
  const client = connect(port, '127.0.0.1')
  try {
    for (let i = 0; i < 5; i++) {
      await asked(client)
      // three sweeps are two seconds and some of the third
      for (let sweep = 0; sweep < 3; sweep++) closeIdle(sockets)
      expect([...sockets].map(({ destroyed }) => destroyed)).toEqual([false])
    }
    closeIdle(sockets)
    await once(client, 'close')
  } finally {
    client.destroy()
    server.close()
  }
})

test('a time that is no whole number of sweeps is not cut short', async () => {
  const { server, sockets, port } = await sweeping(2_500)
  const client = connect(port, '127.0.0.1')
  try {
    await asked(client)
    for (let sweep = 0; sweep < 3; sweep++) closeIdle(sockets)
    expect([...sockets].map(({ destroyed }) => destroyed)).toEqual([false])
    closeIdle(sockets)
    await once(client, 'close')
  } finally {
    client.destroy()
    server.close()
  }
})

test('nobody is closed who has not been answered yet, or waits for an answer, the first on its connection or a later one', async () => {
  const { server, sockets, port } = await sweeping(1_000)
  const silent = connect(port, '127.0.0.1')
  const waiting = request({ port, host: '127.0.0.1', path: '/waits' }).on('error', () => undefined)
  const again = connect(port, '127.0.0.1')
  try {
    waiting.end()
    await Promise.all([once(silent, 'connect'), once(server, 'request')])
    await asked(again)
    again.write('GET /waits HTTP/1.1\r\nHost: h\r\n\r\n')
    await once(server, 'request')
    const behind = connect(port, '127.0.0.1')
    await asked(behind)
    expect(sockets.size).toBe(4)
    for (let sweep = 0; sweep < 10; sweep++) closeIdle(sockets)
    await once(behind, 'close')
    expect([...sockets].map(({ destroyed }) => destroyed)).toEqual([false, false, false])
  } finally {
    for (const socket of [silent, waiting, again]) socket.destroy()
    server.close()
  }
})
