import { connect } from 'node:net'
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { createApp } from './index.ts'
import { serve, type GatewayServer } from './serving/index.ts'
import { simulatedNode } from './testing/simulated-node.ts'

const CID = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const servers: GatewayServer[] = []
afterAll(() => Promise.all(servers.map((server) => server.close(0))))

/** A gateway whose files have so many bytes and are made when the test says so. */
async function open(size: number, bulk: { made: number; waiting: number; bytes: number }) {
  const making: (() => void)[] = []
  const api = {
    ...simulatedNode(),
    ipfs: async () => {
      await new Promise<void>((go) => making.push(go))
      return { cid: CID, contentType: 'application/octet-stream', body: new Uint8Array(size) }
    },
    bundle: async () => {
      await new Promise<void>((go) => making.push(go))
      return new Uint8Array(size)
    },
  }
  const app = createApp(api, { bulk })
  const server = await serve(app)
  servers.push(server)
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await setImmediate()
  }
  return { making, until, url: server.url, port: server.port }
}

test('as many files and bundles are made at a time as the limit says, the next wait their turn, and over the line is 503', async () => {
  const { making, until, url } = await open(10, { made: 2, waiting: 2, bytes: 1_000 })
  const paths = [`/ipfs/${CID}`, `/v1/receipts/${CID}/bundle`]
  // the first to be answered is the one for which there is no place
  const answers = Array.from({ length: 5 }, (_, i) => fetch(url + String(paths[i % 2])))
  const refused = await Promise.race(answers)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await refused.json()).toMatchObject({ code: 'host_busy', limit: 'bulkWaiting', used: 3, allowed: 2 })
  // one block is no file that is put together: it waits for nobody
  await until(() => making.length === 2)
  const block = fetch(`${url}/ipfs/${CID}?format=raw`)
  await until(() => making.length === 3)
  making.pop()?.()
  expect((await block).status).toBe(200)
  for (let done = 0; done < 4; done++) {
    await until(() => making.length > done)
    expect(making.length - done).toBeLessThanOrEqual(2)
    making[done]?.()
  }
  expect((await Promise.all(answers)).map((r) => r.status).toSorted()).toEqual([200, 200, 200, 200, 503])
})

test('what is made and not sent yet is bounded: slow readers cost the next its answer, until they go', async () => {
  const size = 8 * 1024 * 1024
  const { making, until, url, port } = await open(size, { made: 2, waiting: 2, bytes: 2 * size })
  const get = async (method = 'GET'): Promise<number> => {
    const before = making.length
    const answer = fetch(`${url}/ipfs/${CID}`, { method })
    await until(() => making.length > before)
    making[before]?.()
    const response = await answer
    await response.arrayBuffer()
    return response.status
  }
  const slow = [0, 1].map(() => connect(port, '127.0.0.1'))
  for (const [i, socket] of slow.entries()) {
    socket.write(`GET /ipfs/${CID} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    await until(() => making.length === i + 1)
    making[i]?.()
    // just as much as there is room for
    const [begin] = (await once(socket, 'data')) as [Buffer]
    expect(begin.toString('latin1', 0, 15)).toBe('HTTP/1.1 200 OK')
    socket.pause()
  }
  expect(await get()).toBe(503)
  // what has no body takes no room
  expect(await get('HEAD')).toBe(200)
  slow[0]?.destroy()
  let status = 503
  while (status === 503) status = await get()
  expect(status).toBe(200)
  slow[1]?.destroy()
})

test('an answer that is larger than all may be together is sent alone', async () => {
  const { making, until, url } = await open(1_000, { made: 1, waiting: 1, bytes: 999 })
  const answer = fetch(`${url}/ipfs/${CID}`)
  await until(() => making.length === 1)
  making[0]?.()
  expect((await (await answer).arrayBuffer()).byteLength).toBe(1_000)
})

test('who goes while its file is made leaves its room to the next', async () => {
  const size = 1_000
  const { making, until, url, port } = await open(size, { made: 1, waiting: 1, bytes: size })
  const gone = connect(port, '127.0.0.1')
  gone.write(`GET /ipfs/${CID} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  await until(() => making.length === 1)
  gone.resetAndDestroy()
  // what comes behind the end of a connection is read behind it
  await (await fetch(`${url}/healthz`)).text()
  making[0]?.()
  const answer = fetch(`${url}/ipfs/${CID}`)
  await until(() => making.length === 2)
  making[1]?.()
  expect((await answer).status).toBe(200)
})
