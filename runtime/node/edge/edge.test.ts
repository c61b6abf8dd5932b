import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isUtnetError, UtnetError, type NodeApi, type NodeEvent } from '../../core/index.ts'
import { createMeters } from '../meters/meters.ts'
import { proxyApi, serveApi } from './api-proxy.ts'
import { runFence, watchFence } from './fence.ts'
import { answerNow, noteOf, openLink } from './link.ts'
import { countRuns, readRunCounts, runCountTable } from './run-counts.ts'
import { createSharedHead, readSharedHead } from './shared-head.ts'

const word = (): Int32Array => new Int32Array(new SharedArrayBuffer(4))

test('a fence: overdue is who stays in one guest for the deadline, and nobody else', () => {
  const shared = word()
  const fence = runFence(shared)
  const watch = watchFence(shared, 100)
  expect(watch.overdue(0)).toBe(false)
  expect(watch.overdue(1_000)).toBe(false)
  // Run after run, each below the deadline.
  for (let now = 1_000; now < 2_000; now += 90) {
    fence.enter()
    expect(watch.overdue(now)).toBe(false)
    expect(watch.overdue(now + 89)).toBe(false)
    fence.leave()
  }
  fence.enter()
  expect(watch.overdue(3_000)).toBe(false)
  expect(watch.overdue(3_099)).toBe(false)
  expect(watch.overdue(3_100)).toBe(true)
  expect(watch.overdue(9_000)).toBe(false)
})

test('a fence: whoever leaves in time is not condemned any more, in whatever order both act', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('enter', 'leave', 'look'), { maxLength: 60 }), (acts) => {
      const shared = word()
      const fence = runFence(shared)
      const watch = watchFence(shared, 1)
      let inside = false
      let now = 0
      for (const act of acts) {
        now += 1
        // Leaving a condemned thread never returns, so the run ends with the first verdict.
        if (act === 'look') {
          if (!watch.overdue(now)) continue
          expect(inside).toBe(true)
          return
        }
        if (act === 'enter') fence.enter()
        else fence.leave()
        inside = act === 'enter'
      }
    }),
  )
})

test('a condemned thread never comes out of its guest', async () => {
  const shared = word()
  const after = new Int32Array(new SharedArrayBuffer(4))
  const url = new URL('fence.ts', import.meta.url).href
  const code = `import { workerData } from 'node:worker_threads'
    const { runFence } = await import(workerData.url)
    const fence = runFence(workerData.shared)
    fence.enter()
    Atomics.store(workerData.after, 0, 1)
    while (Atomics.load(workerData.shared, 0) >= 0);
    fence.leave()
    Atomics.store(workerData.after, 0, 2)`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { workerData: { url, shared, after } })
  await expect.poll(() => Atomics.load(after, 0), { timeout: 10_000 }).toBe(1)
  const watch = watchFence(shared, 1)
  expect(watch.overdue(0)).toBe(false)
  expect(watch.overdue(2)).toBe(true)
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(Atomics.load(after, 0)).toBe(1)
  await worker.terminate()
})

test('the shared head: a reader has the newest, whole, while another thread writes', async () => {
  const head = createSharedHead()
  const reader = readSharedHead(head.buffer)
  expect(reader.head()).toEqual({ height: 0, time: 0, seed: new Uint8Array(32) })
  head.write({ height: 7, time: 1_700_000_000_000, seed: new Uint8Array(32).fill(7) })
  expect(reader.head()).toEqual({ height: 7, time: 1_700_000_000_000, seed: new Uint8Array(32).fill(7) })
  expect(reader.head()).toBe(reader.head())
  expect(reader.heard()).toBe(false)
  head.heard(true)
  expect(reader.heard()).toBe(true)
  const url = new URL('shared-head.ts', import.meta.url).href
  // Each head is of one number throughout: one that is torn is not.
  const code = `import { workerData, parentPort } from 'node:worker_threads'
    const { readSharedHead } = await import(workerData.url)
    const reader = readSharedHead(workerData.buffer)
    let last = 0, bad = 0, seen = 0
    while (last < 20000) {
      const { height, time, seed } = reader.head()
      if (height < 8) continue
      if (time !== height || seed.some((b) => b !== (height & 255)) || height < last) bad++
      if (height !== last) seen++
      last = height
    }
    parentPort.postMessage([bad, seen])`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { workerData: { url, buffer: head.buffer } })
  const done = new Promise<number[]>((resolve, reject) => worker.once('message', resolve).once('error', reject))
  await new Promise((resolve) => worker.once('online', resolve))
  for (let height = 8; height <= 20_000; height++) {
    head.write({ height, time: height, seed: new Uint8Array(32).fill(height & 255) })
    if (height % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const [bad, seen] = await done
  expect(bad).toBe(0)
  expect(seen).toBeGreaterThan(0)
})

function linked(handlers: Parameters<typeof openLink>[1]) {
  const { port1, port2 } = new MessageChannel()
  const there = openLink(port1, handlers)
  const here = openLink(port2, {})
  return { here, there, close: () => port1.close() }
}

test('a link: answers, errors with code and limit, order of notes, and an end', async () => {
  const notes: number[] = []
  const { here, close } = linked({
    double: (n: number) => n * 2,
    fail: () => {
      throw new UtnetError('host_busy', 'full', { hint: 'wait', limit: 'edgeRequests', used: 3, allowed: 2, details: { a: 1 } })
    },
    never: () => new Promise(() => {}),
    note: (n: number) => notes.push(n),
    notes: () => [...notes],
  })
  try {
    expect(await here.ask('double', 21)).toBe(42)
    for (let i = 0; i < 5; i++) here.note('note', i)
    expect(await here.ask('notes')).toEqual([0, 1, 2, 3, 4])
    const error = await here.ask('fail').catch((e: unknown) => e)
    expect(error).toMatchObject({
      code: 'host_busy',
      message: 'full',
      hint: 'wait',
      limit: 'edgeRequests',
      used: 3,
      allowed: 2,
      details: { a: 1 },
    })
    expect(isUtnetError(error)).toBe(true)
    await expect(here.ask('toString')).rejects.toMatchObject({ code: 'node_internal' })
    const lost = here.ask('never')
    here.end()
    await expect(lost).rejects.toMatchObject({ code: 'host_restarted' })
    await expect(here.ask('double', 1)).rejects.toMatchObject({ code: 'host_restarted' })
  } finally {
    close()
  }
})

test('a link to a thread that looks at its port by itself: notes and asks in order, its notes, errors with their codes', async () => {
  const { port1, port2 } = new MessageChannel()
  const noted: number[] = []
  const here = openLink(port1, { told: (n: number) => void noted.push(n) })
  const calls: unknown[] = []
  const handlers = {
    close: (n: number) => void calls.push(n),
    tell: () => calls.length,
    fail: () => {
      throw new UtnetError('disk_failed', 'gone', { hint: 'mend it' })
    },
  }
  const look = (): void => {
    for (let given = receiveMessageOnPort(port2); given !== undefined; given = receiveMessageOnPort(port2))
      answerNow(port2, handlers, given.message)
  }
  try {
    here.note('close', 7)
    const asked = [here.ask('tell'), here.ask('fail'), here.ask('toString')]
    look()
    port2.postMessage(noteOf('told', 3))
    expect(await Promise.allSettled(asked)).toMatchObject([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: { code: 'disk_failed', message: 'gone', hint: 'mend it' } },
      { status: 'rejected', reason: { code: 'node_internal' } },
    ])
    await expect.poll(() => noted).toEqual([3])
    here.note('nothing')
    expect(look).toThrow(expect.objectContaining({ code: 'node_internal' }))
  } finally {
    port1.close()
  }
})

test('event streams over a link are pulled, end with their signal, and leave nothing behind', async () => {
  let open = 0
  let given = 0
  const api = {
    async *events(signal: AbortSignal): AsyncGenerator<NodeEvent> {
      open++
      try {
        while (!signal.aborted) yield { type: 'anchor', id: String(given++), height: 1 }
      } finally {
        open--
      }
    },
  } as unknown as NodeApi
  const { end, ...handlers } = serveApi(api)
  const { here, close } = linked(handlers)
  try {
    const stop = new AbortController()
    const seen: string[] = []
    for await (const event of proxyApi(here).events(stop.signal)) {
      if (event.type === 'anchor') seen.push(event.id)
      if (seen.length === 5) stop.abort()
    }
    expect(seen).toEqual(['0', '1', '2', '3', '4'])
    // No more is made than was asked for.
    expect(given).toBeLessThanOrEqual(6)
    await expect.poll(() => open).toBe(0)
    end()
  } finally {
    close()
  }
})

test('counters of threads add up in the metrics', async () => {
  const tables = [runCountTable(), runCountTable()] as const
  const [a, b] = tables.map(countRuns)
  a?.ran('invoke', 'ok', 100n, 0.0005)
  a?.ran('invoke', 'trap', 7n, 0.3)
  b?.ran('invoke', 'ok', 50n, 9)
  const meters = createMeters(
    () => ({ mempool: 4, receipts: 5, threads: 2 }),
    () => tables.map(readRunCounts),
  )
  meters.ran('invoke', 'ok', 1n, 0.0001)
  meters.block(9, 3)
  const text = await meters.text()
  for (const line of [
    'utnet_runs_total{kind="invoke",status="ok"} 3',
    'utnet_runs_total{kind="invoke",status="trap"} 1',
    'utnet_gas_total{kind="invoke"} 158',
    'utnet_run_seconds_bucket{le="0.001",kind="invoke"} 2',
    'utnet_run_seconds_bucket{le="0.5",kind="invoke"} 3',
    'utnet_run_seconds_bucket{le="2",kind="invoke"} 3',
    'utnet_run_seconds_bucket{le="+Inf",kind="invoke"} 4',
    'utnet_run_seconds_count{kind="invoke"} 4',
    'utnet_chain_height 9',
    'utnet_mempool_transactions 4',
    'utnet_edge_threads 2',
    'utnet_transactions_total 3',
  ])
    expect(text.split('\n')).toContain(line)
  expect(text).toMatch(/# EOF\n$/)
})
