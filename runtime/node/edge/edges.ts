/** The edge threads of a node, as its main thread sees them: starts them, feeds them, watches them, ends them. */
import { existsSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { createApp } from '../../../gateway/index.ts'
import { rawRefusal, serve, type GatewayServer } from '../../../gateway/serving/index.ts'
import {
  asUtnetError,
  LIMITS,
  parseCid,
  UtnetError,
  type FileStore,
  type NodeApi,
  type NodeEvent,
  type TensorBridge,
} from '../../core/index.ts'
import { publicKeyEd25519 } from '../../crypto/native.ts'
import { openDisk } from '../../kv/index.ts'
import { besideMemory, openReceiptReader, type DurableRecord, type FedReader, type LaneRange } from '../../receipts/index.ts'
import type { OtherReceipts } from '../receipts/index.ts'
import type { RunTotals } from '../meters/index.ts'
import type { ReceiptRules, RetentionRules } from '../parts.ts'
import type { SourceMaps } from '../source-lines/index.ts'
import { toldFaults } from '../tell-faults.ts'
import { serveApi } from './api-proxy.ts'
import { answerWaiting, connectionTable } from './connections.ts'
import { watchFence, type FenceWatch } from './fence.ts'
import { openLink, type Link } from './link.ts'
import type { Durable, EdgeData, EdgeTables, GuestEntry, ListenOptions, Listening, MainHandlers } from './protocol.ts'
import { readRunCounts, runCountTable } from './run-counts.ts'
import { startSealer, type SealerEnd } from './sealers.ts'
import { createSharedHead, type HeadFields } from './shared-head.ts'
import { takeSubmits } from './submits.ts'

/** Lanes of one thread: as many as requests may be in flight on it. */
const LANES = LIMITS.edgeRequests
const FOLDER = /^edge-([1-9][0-9]?)$/
const LOOK_MS = 1_000
/** Beyond what the draining of requests may take, a thread that closes is ended. */
const CLOSE_MS = 5_000
const AGAIN_MS = 1_000
const FRESH_MS = 1_000

/** Lanes of a thread; 0 is the main thread. */
export function lanesOf(thread: number): LaneRange {
  return { first: thread * LANES, count: LANES }
}

/** Folder of an edge thread's journal. */
export function journalOf(journal: string, thread: number): string {
  return join(journal, `edge-${thread}`)
}

/** Threads above `threads` that have left a journal: their receipts still stand. */
export function restingThreads(journal: string, threads: number): number[] {
  return readdirSync(journal)
    .map((name) => Number(FOLDER.exec(name)?.[1] ?? 0))
    .filter((thread) => thread > threads && existsSync(journalOf(journal, thread)))
    .sort((a, b) => a - b)
}

export interface EdgeOptions {
  readonly threads: number
  /** The node's journal folder. */
  readonly journal: string
  readonly identity: Uint8Array
  /** Seed of the chip key. */
  readonly chip: Uint8Array
  /** Guests may ask addresses of this machine. */
  readonly loopback: boolean
  /** Signs as the threads do: the key of their journals derives from a signature. */
  readonly sign: (bytes: Uint8Array) => Uint8Array
  readonly chainId: string
  readonly retention: RetentionRules
  readonly receipting: ReceiptRules
  /** `LIMITS.runDeadlineMs` unless told. */
  readonly deadlineMs?: number
  /** Told why a thread was ended or came down; it is started again. */
  readonly onRestart: (error: UtnetError) => void
}

/** What the threads ask for; there only once the node stands. */
export interface EdgeServices {
  readonly api: NodeApi
  readonly files: Pick<FileStore, 'getFile'>
  readonly sourceMaps: Pick<SourceMaps, 'find'>
  readonly tensors: TensorBridge
  readonly guests: () => readonly GuestEntry[]
  readonly durable: (durable: Durable) => void
  readonly event: (event: NodeEvent) => void
}

export interface Edges extends OtherReceipts {
  /** Resolves when every thread has recovered its journal. */
  readonly ready: Promise<void>
  /** From now on the threads are served. */
  serve(services: EdgeServices): void
  /** Opens one port on all threads. */
  listen(options: ListenOptions): Promise<Listening>
  head(head: HeadFields): void
  heard(heard: boolean): void
  /** Tells all threads of names that changed. */
  guests(entries: readonly GuestEntry[]): void
  /** Resolves when all threads know, and can run, what they were told. */
  settled(): Promise<void>
  totals(): readonly RunTotals[]
  close(graceMs?: number): Promise<void>
}

interface Edge {
  readonly thread: number
  readonly worker: Worker
  readonly link: Link
  /** Beside it. */
  readonly sealer: SealerEnd
  readonly tables: EdgeTables
  readonly watch: FenceWatch
  readonly ready: Promise<void>
  /** Both threads have ended. */
  readonly gone: Promise<void>
  listening: boolean
}

const bundled = !import.meta.url.endsWith('.ts')
const WORKER = new URL(bundled ? './edge-worker.js' : './edge-worker.ts', import.meta.url)

/** Fails where another process listens on the port: sharing is for the threads of one node. */
async function mustBeFree({ port, host = '127.0.0.1' }: ListenOptions): Promise<void> {
  if (port === 0) return
  const probe = createServer()
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen({ port, host, exclusive: true }, resolve))
  await new Promise<void>((resolve) => probe.close(() => resolve()))
}

/** Starts the threads; they recover their journals at once and serve when told. */
export function startEdges(options: EdgeOptions): Edges {
  const deadlineMs = options.deadlineMs ?? LIMITS.runDeadlineMs
  const head = createSharedHead()
  const readers = new Map<number, FedReader>()
  const counts = new Map<number, SharedArrayBuffer[]>()
  const edges = new Map<number, Edge>()
  let services: EdgeServices | undefined
  let address: ListenOptions | undefined
  let interim: Promise<GatewayServer> | undefined
  let closing = false

  const standing = (): EdgeServices => {
    if (services === undefined) throw new UtnetError('node_not_ready', 'the node is still starting')
    return services
  }
  /** What a thread had told before it was started again, it tells again: the reader begins anew. */
  const recovered = async (thread: number, records: readonly DurableRecord[]): Promise<void> => {
    const before = readers.get(thread)
    const reader = openReceiptReader({ disk: openDisk(journalOf(options.journal, thread)), sign: options.sign })
    for (const record of records) reader.add(record)
    readers.set(thread, reader)
    await before?.close()
  }

  function start(thread: number): Edge {
    const own = { fence: new SharedArrayBuffer(4), connections: connectionTable(), counts: runCountTable() }
    const tables: EdgeTables = { head: head.buffer, ...own }
    counts.set(thread, [...(counts.get(thread) ?? []), own.counts])
    const { identity, chip, loopback, chainId, retention, receipting } = options
    const lanes = lanesOf(thread)
    const memory = besideMemory(lanes)
    const { port1, port2 } = new MessageChannel()
    const data: EdgeData = {
      lanes,
      node: publicKeyEd25519(identity),
      end: { memory, port: port1 },
      chip,
      loopback,
      chainId,
      retention,
      receipting,
      tables,
    }
    const worker = new Worker(WORKER, { workerData: data, transferList: [port1], name: `edge-${thread}` })
    const opened = Promise.withResolvers<void>()
    const come = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    let why: unknown
    worker.once('error', (error) => (why = error))
    const failed = (): UtnetError => asUtnetError(why ?? new UtnetError('host_fault', `edge thread ${thread} ended before it was ready`))
    const sealer = startSealer(
      thread,
      { journal: journalOf(options.journal, thread), chainId: options.chainId, lanes, identity, end: { memory, port: port2 } },
      {
        recovered(records) {
          void Promise.all([recovered(thread, records), come.promise]).then(() => opened.resolve(), opened.reject)
        },
        durable(durable) {
          for (const record of durable.records) readers.get(thread)?.add(record)
          standing().durable(durable)
        },
      },
      (fault) => {
        // Without it the edge thread cannot go on.
        if (fault === undefined) return
        why ??= fault
        opened.reject(failed())
        void worker.terminate()
      },
    )
    const api = serveApi(apiOf(standing))
    const { end, ...apiHandlers } = api
    const handlers: MainHandlers = {
      ...apiHandlers,
      ready: come.resolve,
      submits: (txs) => takeSubmits(standing().api)(txs),
      event: (event) => standing().event(event),
      file: (cid, maxBytes) => standing().files.getFile(parseCid(cid, 'file'), maxBytes),
      sourceMap: (name, module) => standing().sourceMaps.find(parseCid(module, 'module'), name)?.toString(),
      async infer(model, inputs, arithmetic) {
        const outcome = await standing().tensors.infer(model, inputs, arithmetic)
        return { ...outcome, model: outcome.model.toString() }
      },
      gasOf: (model, inputs) => standing().tensors.gasOf(model, inputs),
    }
    const link = openLink(worker, { ...handlers })
    worker.once('exit', () => {
      end()
      link.end()
      opened.reject(failed())
      void sealer.end().then(gone.resolve)
      if (edges.get(thread) === edge) fell(edge, why)
    })
    opened.promise.catch(() => {})
    const watch = watchFence(new Int32Array(tables.fence), deadlineMs)
    const edge: Edge = { thread, worker, link, sealer, tables, watch, ready: opened.promise, gone: gone.promise, listening: false }
    edges.set(thread, edge)
    return edge
  }

  const others = (edge: Edge): boolean => [...edges.values()].some((other) => other !== edge && other.listening)

  /** While no thread listens, the main thread does: it answers everything but functions, and says when to come back. */
  function bridge(edge: Edge): void {
    if (address === undefined || interim !== undefined || others(edge)) return
    const api: NodeApi = {
      ...standing().api,
      invoke: () => Promise.reject(new UtnetError('host_restarted', 'the threads that run functions are being started')),
    }
    interim = serve(createApp(api, { onError: toldFaults() }), { ...address, reusePort: true })
    interim.catch(() => (interim = undefined))
  }

  async function condemned(edge: Edge): Promise<void> {
    edges.delete(edge.thread)
    edge.listening = false
    const why = new UtnetError('host_restarted', `a run did not come back within ${deadlineMs} ms, and its thread was ended`, {
      limit: 'runDeadlineMs',
      used: deadlineMs,
      allowed: deadlineMs,
    })
    bridge(edge)
    await interim?.catch(() => {})
    answerWaiting(edge.tables.connections, rawRefusal(why))
    await edge.worker.terminate()
    options.onRestart(why)
    await edge.gone
    await again(edge.thread)
  }

  function fell(edge: Edge, why: unknown): void {
    edges.delete(edge.thread)
    if (closing) return
    bridge(edge)
    // Before the node stands, whoever opens it is told and nothing is tried again.
    if (services === undefined) return
    options.onRestart(new UtnetError('host_restarted', `an edge thread came down: ${String(why ?? 'it ended')}`, { cause: why }))
    setTimeout(() => void edge.gone.then(() => again(edge.thread)), edge.listening ? 0 : AGAIN_MS)
  }

  async function again(thread: number): Promise<void> {
    if (closing) return
    const edge = start(thread)
    try {
      await edge.ready
      if (services !== undefined) edge.link.note('guests', services.guests())
      if (address !== undefined) await open(edge, address)
    } catch {
      // When it is gone, `fell` sees to the next.
      await edge.worker.terminate()
      return
    }
    const bridged = interim
    interim = undefined
    // one that could not listen has nothing to close
    await (await bridged?.catch(() => undefined))?.close()
  }

  async function open(edge: Edge, at: ListenOptions): Promise<Listening> {
    const listening = await edge.link.ask<Listening>('listen', at)
    edge.listening = true
    return listening
  }

  for (let thread = 1; thread <= options.threads; thread++) start(thread)
  const look = setInterval(
    () => {
      const now = performance.now()
      for (const edge of edges.values()) if (edge.watch.overdue(now)) void condemned(edge)
    },
    Math.max(10, Math.min(LOOK_MS, deadlineMs / 4)),
  )
  look.unref()
  const all = (): Edge[] => [...edges.values()]

  return {
    ready: Promise.all(all().map((edge) => edge.ready)).then(() => {}),
    serve(standingServices) {
      services = standingServices
      for (const edge of all()) edge.link.note('guests', services.guests())
    },
    async listen(wanted) {
      await mustBeFree(wanted)
      let first: Listening | undefined
      for (const edge of all()) {
        const listening = await open(edge, first === undefined ? wanted : { ...wanted, port: first.port })
        first ??= listening
      }
      if (first === undefined) throw new UtnetError('node_not_ready', 'no edge thread runs')
      address = { ...wanted, port: first.port }
      return first
    },
    head: head.write,
    heard: head.heard,
    guests(entries) {
      for (const edge of all()) edge.link.note('guests', entries)
    },
    async settled() {
      // One that goes down meanwhile is told everything when it comes again.
      await Promise.allSettled(all().map((edge) => edge.link.ask('settle')))
    },
    totals: () => [...counts.values()].flat().map(readRunCounts),
    get(id, salt) {
      for (const reader of readers.values()) {
        const found = reader.get(id, salt)
        if (found !== undefined) return found
      }
      return undefined
    },
    async fresh() {
      // A thread that waits long for its disk is not waited for.
      const asked = all().map((edge) => edge.sealer.tell().catch(() => {}))
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, FRESH_MS)
      await Promise.race([Promise.all(asked), late.promise])
      clearTimeout(timer)
    },
    leaf(thread, first, index) {
      for (const reader of readers.values()) {
        const found = reader.leaf(thread, first, index)
        if (found !== undefined) return found
      }
      return undefined
    },
    digests(thread, first) {
      for (const reader of readers.values()) {
        const found = reader.digests(thread, first)
        if (found !== undefined) return found
      }
      return undefined
    },
    retire(thread) {
      for (const edge of all()) edge.link.note('retire', thread)
    },
    batchesFrom: (marks) => [...readers.values()].flatMap((reader) => reader.batchesFrom(marks)),
    lanes: () => [...readers.values()].flatMap((reader) => reader.lanes()),
    count: () => [...readers.values()].reduce((n, reader) => n + reader.count(), 0),
    async close(graceMs) {
      closing = true
      await Promise.all(
        all().map(async (edge) => {
          const late = setTimeout(() => void edge.worker.terminate(), (graceMs ?? 10_000) + CLOSE_MS)
          await edge.link.ask('close', graceMs).catch(() => {})
          await edge.gone
          clearTimeout(late)
        }),
      )
      clearInterval(look)
      const bridged = interim
      interim = undefined
      await (await bridged)?.close(graceMs)
      for (const reader of readers.values()) await reader.close()
    },
  }
}

/** The API of a node that may not stand yet. */
function apiOf(standing: () => EdgeServices): NodeApi {
  return new Proxy({} as NodeApi, {
    get: (_, name) => standing().api[name as keyof NodeApi],
  })
}
