/** Edge threads of a real node, seen over real sockets: a run that does not come back, receipts of all threads, fewer threads later, no receipts. */
import { connect, type Socket } from 'node:net'
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { LIMITS } from '../../runtime/core/index.ts'
import { openNode, reexecute } from '../../runtime/node/index.ts'
import { verifyBundle } from '../../runtime/verify/index.ts'
import { startNode, temporaryFolder, ticketOf, type RealNode } from './kit/node.ts'
import { refusal } from './kit/problem.ts'

const folders: string[] = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

function folder(): string {
  const made = temporaryFolder()
  folders.push(made)
  return made
}

/** A connection that keeps what it hears. */
async function client(url: string): Promise<{
  readonly socket: Socket
  readonly send: (text: string) => void
  readonly heard: () => string
  readonly ended: Promise<void>
}> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let out = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => (out += chunk))
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  return { socket, send: (text) => void socket.write(text, 'latin1'), heard: () => out, ended }
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`

/** The one answer on a connection: exactly a head and a document, nothing before, between or behind. */
function onlyProblem(text: string): Record<string, unknown> {
  const end = text.indexOf('\r\n\r\n')
  const length = Number(/content-length: ([0-9]+)/i.exec(text.slice(0, end))?.[1])
  expect(text).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/)
  expect(text.slice(0, end)).toMatch(/\r\nContent-Type: application\/problem\+json\r\n/)
  expect(text.slice(0, end)).toMatch(/\r\nretry-after: 1\r\n/)
  expect(text.slice(0, end)).not.toMatch(/utnet-receipt/i)
  expect(text.length).toBe(end + 4 + length)
  return JSON.parse(text.slice(end + 4)) as Record<string, unknown>
}

test(
  'a run that does not come back: its thread is ended, all who wait get 503 without a receipt, and the journal goes on',
  { timeout: 60_000 },
  async () => {
    const data = folder()
    const node = await startNode(['probe'], { data, threads: 1, deadlineMs: 400 })
    try {
      const before = ticketOf(await fetch(`${node.url}/fn/probe/before`))
      const earlier = await client(node.url)
      earlier.send(get('/fn/probe/first'))
      await expect.poll(() => earlier.heard()).toContain('/first')
      const idle = await client(node.url)
      await sleep(50)

      const unhurried = ticketOf(await fetch(`${node.url}/fn/probe/unhurried`, { headers: { prefer: 'receipt=later' } }))
      expect(unhurried.attestation.length).toBe(0)
      const stuck = await client(node.url)
      stuck.send(get('/fn/probe/spin'))
      await sleep(100)
      // These come while the thread is in the guest: one on a connection that was served, one with a body that is not there yet, two in a row.
      const first = earlier.heard().length
      earlier.send(get('/fn/probe/waits'))
      const [whole, half] = [await client(node.url), await client(node.url)]
      void whole
      idle.send(get('/fn/probe/a') + get('/fn/probe/b'))
      half.send('POST /fn/probe/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc')
      await Promise.all([stuck.ended, earlier.ended, idle.ended])
      for (const text of [stuck.heard(), earlier.heard().slice(first), idle.heard()])
        expect(onlyProblem(text)).toMatchObject({ code: 'host_restarted', status: 503, limit: 'runDeadlineMs', allowed: 400 })
      // What was not accepted yet is closed; nobody is left hanging.
      await half.ended

      // The next thread serves, on the same port, with numbers that follow.
      await expect
        .poll(async () => (await fetch(`${node.url}/fn/probe/after`).catch(() => undefined))?.status, { timeout: 20_000 })
        .toBe(200)
      const after = ticketOf(await fetch(`${node.url}/fn/probe/after`))
      // The thread beside the one that was ended has kept what it was given.
      expect((await node.api.receipt(unhurried.id, 20_000)).body['seq']).toBe(2)
      const [one, two] = [await node.api.receipt(before.id, 20_000), await node.api.receipt(after.id, 20_000)]
      expect(two.body['thread']).toBe(one.body['thread'])
      expect(one.body['thread']).toBe(LIMITS.edgeRequests)
      // before, first, the polls' last and this one: the run that was ended took no number.
      const seqs = [Number(one.body['seq']), Number(two.body['seq'])]
      expect(seqs[1]).toBeGreaterThanOrEqual(2)
      const verified = await verifyBundle(await node.api.bundle(after.id), { trust: [node.genesis], reexecute })
      expect(verified.checks.filter((c) => !c.ok)).toEqual([])
      expect(await node.api.metrics()).toMatch(/utnet_runs_total\{kind="invoke",status="ok"\} [3-9]/)
    } finally {
      await node.close()
    }
  },
)

test(
  'the threads serve as one node: names, receipts, events, metrics; with fewer threads all of it still stands',
  { timeout: 60_000 },
  async () => {
    const data = folder()
    let node: RealNode = await startNode(['probe', 'ledger'], { data, threads: 3 })
    const ids: string[] = []
    const threads = new Set<unknown>()
    try {
      const seen: string[] = []
      const stop = new AbortController()
      let told = false
      const listening = (async () => {
        for await (const event of node.api.events(stop.signal)) {
          told = true
          if (event.type === 'receipt' || event.type === 'anchor') seen.push(`${event.type} ${event.id}`)
        }
      })()
      const { devAccount } = await node.api.info()
      // The stream stands when its first event has come.
      await expect.poll(async () => (await node.api.fund(devAccount ?? '')) && told, { timeout: 10_000 }).toBe(true)
      for (let i = 0; i < 60; i++) {
        // A connection each: the kernel spreads them over the threads.
        const answer = await fetch(`${node.url}/fn/probe/x${i}`, { headers: { connection: 'close' } })
        expect(await answer.text()).toBe(`/x${i}`)
        ids.push(ticketOf(answer).id)
      }
      for (const id of ids) {
        const view = await node.api.receipt(id, 20_000)
        expect(view.anchor).not.toBeNull()
        threads.add(view.body['thread'])
      }
      expect(threads.size).toBeGreaterThan(1)
      await expect.poll(() => ids.filter((id) => !seen.includes(`receipt ${id}`) || !seen.includes(`anchor ${id}`))).toEqual([])
      stop.abort()
      await listening
      const text = await node.api.metrics()
      expect(text).toContain('utnet_runs_total{kind="invoke",status="ok"} 60')
      expect(text).toContain('utnet_edge_threads 3')
      expect(text).toContain('utnet_receipts 60\n')
      for (let i = 0; i < 6; i++) expect((await fetch(`${node.url}/healthz`, { headers: { connection: 'close' } })).status).toBe(200)
    } finally {
      await node.stop()
    }

    node = await startNode([], { data, threads: 0 })
    try {
      for (const id of ids) expect((await node.api.receipt(id)).anchor, id).not.toBeNull()
      const verified = await verifyBundle(await node.api.bundle(ids[7] ?? ''), { trust: [node.genesis], reexecute })
      expect(verified.checks.filter((c) => !c.ok)).toEqual([])
      const here = ticketOf(await fetch(`${node.url}/fn/probe/here`))
      expect((await node.api.receipt(here.id)).body['thread']).toBe(0)
    } finally {
      await node.stop()
    }
    // A journal of a thread that is gone from the folder is missed: the node would sign other receipts under its numbers.
    rmSync(`${data}/journal/edge-1`, { recursive: true })
    rmSync(`${data}/journal/edge-2`, { recursive: true })
    rmSync(`${data}/journal/edge-3`, { recursive: true })
    await expect(openNode({ data })).rejects.toMatchObject({ code: 'data_corrupt' })
  },
)

test('a deploy answers when every thread has it; a new version is served by all at once', { timeout: 60_000 }, async () => {
  const node = await startNode(['probe'], { data: folder(), threads: 3 })
  try {
    const { component } = await import('./kit/guests.ts')
    for (let i = 0; i < 5; i++) {
      await node.api.deploy({ name: `fresh-${i}`, component: await component('probe') })
      for (let k = 0; k < 9; k++)
        expect((await fetch(`${node.url}/fn/fresh-${i}/x`, { headers: { connection: 'close' } })).status).toBe(200)
    }
    await refusal(await fetch(`${node.url}/fn/nobody/`), 'guest_not_found')
    await refusal(await fetch(`${node.url}/fn/Not%20One/`), 'name_invalid')
  } finally {
    await node.close()
  }
})

test('without receipts: the same answer, no field, nothing kept; other routes keep theirs', { timeout: 60_000 }, async () => {
  for (const threads of [0, 1]) {
    const node = await startNode(['probe'], { data: folder(), threads, receipts: { default: 'off', routes: { other: 'on' } } })
    try {
      const { component } = await import('./kit/guests.ts')
      await node.api.deploy({ name: 'other', component: await component('probe') })
      const off = await fetch(`${node.url}/fn/probe/same`, { headers: { 'want-content-digest': 'sha-256=1' } })
      const on = await fetch(`${node.url}/fn/other/same`, { headers: { 'want-content-digest': 'sha-256=1' } })
      expect(off.headers.get('utnet-receipt')).toBeNull()
      expect(on.headers.get('utnet-receipt')).not.toBeNull()
      expect(off.headers.get('content-security-policy')).toBe('sandbox')
      expect(off.headers.get('content-digest')).toBe(on.headers.get('content-digest'))
      expect(await off.text()).toBe(await on.text())
      expect(await node.api.invoke('probe', { method: 'GET', path: '/client', headers: [], body: new Uint8Array(0) })).toMatchObject({
        status: 200,
        receipt: null,
      })
      await expect.poll(() => node.api.metrics()).toContain('utnet_receipts 1\n')
      await refusal(await fetch(`${node.url}/fn/nobody/`), 'guest_not_found')
    } finally {
      await node.close()
    }
  }
})

test('a port in use is refused, also where that node shares its port among threads', async () => {
  const node = await startNode([], { data: folder(), threads: 2 })
  try {
    const port = Number(new URL(node.url).port)
    for (const threads of [0, 2])
      await expect(startNode([], { data: folder(), threads, port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  } finally {
    await node.close()
  }
})

test('as many threads as the limit names, not one more', async () => {
  await expect(openNode({ data: folder(), threads: LIMITS.edgeThreads + 1 })).rejects.toMatchObject({
    code: 'core_bad_argument',
    limit: 'edgeThreads',
  })
})
