/**
 * One edge thread: accepts HTTP itself, runs functions in-thread under receipts of its own `seq` chains, which the thread beside it makes and keeps, and
 * asks the main thread for everything else: chain, store, models, the rest of the API.
 */
import { createApp, Admission } from '../../../gateway/index.ts'
import { serve, type GatewayServer } from '../../../gateway/serving/index.ts'
import { FieldTicket } from '../../../gateway/wire/index.ts'
import {
  parseCid,
  UtnetError,
  type ArithmeticClass,
  type FileStore,
  type FunctionAnswer,
  type FunctionAsker,
  type FunctionRequest,
  type InferOutcome,
  type NamedTensor,
  type NodeApi,
} from '../../core/index.ts'
import * as crypto from '../../crypto/native.ts'
import { createHost } from '../../host/index.ts'
import { HandedReceipts } from '../../receipts/index.ts'
import type { NamedGuest, RunParts } from '../parts.ts'
import { createFetcher } from '../outside/index.ts'
import { createSourceLines } from '../source-lines/index.ts'
import { pooledRandom } from '../random.ts'
import { realClock } from '../real-clock.ts'
import { invoke, promised } from '../runs/index.ts'
import { toldFaults } from '../tell-faults.ts'
import { proxyApi } from './api-proxy.ts'
import { listConnections } from './connections.ts'
import { runFence } from './fence.ts'
import { openLink, type Port } from './link.ts'
import type { EdgeData, EdgeHandlers, GuestEntry, PlainInferOutcome } from './protocol.ts'
import { countRuns } from './run-counts.ts'
import { readSharedHead } from './shared-head.ts'
import { farSubmit } from './submits.ts'

/** Runs a thread over its port; `ended` is called when it has closed in good order. */
export async function runEdgeThread(port: Port, data: EdgeData, ended: () => void): Promise<void> {
  crypto.useNativeHashes()
  const { tables } = data
  const shared = readSharedHead(tables.head)
  const chainId = parseCid(data.chainId, 'chain id')
  const chip = await crypto.openSoftwareChip(data.chip)
  const registry = new Map<string, NamedGuest>()
  const loading = new Map<string, Promise<unknown>>()
  /** Names of guests that work on the node's buckets: those the main thread runs, so that all see the same. */
  const elsewhere = new Set<string>()
  let server: GatewayServer | undefined
  const onError = toldFaults()

  const handlers: EdgeHandlers = {
    retire: (lane) => receipts.retire(lane),
    guests(entries) {
      for (const entry of entries) note(entry)
    },
    async settle() {
      await Promise.allSettled(loading.values())
    },
    async listen({ port: wanted, host: address }) {
      server = await serve(app, {
        port: wanted,
        ...(address === undefined ? {} : { host: address }),
        reusePort: true,
        functions: { node: { invoke: invokeHere }, admission, onError },
        transactions: { node, onError },
        observer: listConnections(tables.connections),
      })
      return { url: server.url, port: server.port }
    },
    async close(graceMs) {
      await server?.close(graceMs)
      receipts.close()
      // The answer to this call has to leave first.
      setImmediate(ended)
    },
  }
  const link = openLink(port, { ...handlers })

  const files: FileStore = {
    putFile: () => Promise.reject(new UtnetError('node_internal', 'an edge thread stores no files')),
    getFile: (cid, maxBytes) => link.ask<Uint8Array>('file', cid.toString(), maxBytes),
  }
  const lines = createSourceLines({
    mapOf: async (name, module) => {
      const found = await link.ask<string | undefined>('sourceMap', name, module.toString())
      return found === undefined ? undefined : parseCid(found, 'source map')
    },
    files,
    always: data.loopback,
  })
  const host = createHost({
    files,
    tensors: {
      async infer(model: string, inputs: readonly NamedTensor[], arithmetic: ArithmeticClass): Promise<InferOutcome> {
        const outcome = await link.ask<PlainInferOutcome>('infer', model, inputs, arithmetic)
        return { ...outcome, model: parseCid(outcome.model, 'model') }
      },
      gasOf: (model, inputs) => link.ask<bigint>('gasOf', model, inputs),
    },
    chip,
    chainId,
    fetcher: createFetcher({ loopback: data.loopback }),
    watch: runFence(new Int32Array(tables.fence)),
  })
  const note = ([name, world, text]: GuestEntry): void => {
    const module = parseCid(text, 'module')
    registry.set(name, { world, module })
    elsewhere.delete(name)
    if (world === 'contract' || world === 'operator') return
    // Whoever deployed it is answered when it can run here.
    const load = host.load(module).then(
      () => {
        if (registry.get(name)?.module === module && host.bucketsOf(module).length > 0) elsewhere.add(name)
        if (loading.get(name) === load) loading.delete(name)
      },
      () => {
        if (loading.get(name) === load) loading.delete(name)
      },
    )
    loading.set(name, load)
  }

  const random = pooledRandom()
  const receipts = new HandedReceipts(data.end, {
    node: data.node,
    lanes: data.lanes,
    ticket: (field) => new FieldTicket(field),
    random,
    soon: setImmediate,
  })

  const parts: RunParts = {
    clock: realClock,
    chain: { chainId, head: () => ({ header: shared.head() }) },
    // The thread beside this one tells of the times that stand in receipts.
    producer: { noteTime() {} },
    host,
    functionReceipts: receipts,
    events: { heard: shared.heard, emit: (event) => link.note('event', event) },
    meters: countRuns(tables.counts),
    retention: data.retention,
    receipting: data.receipting,
    random,
    lines,
    guestNow(name) {
      const found = registry.get(name)
      if (found === undefined) throw new UtnetError('guest_not_found', `there is no guest named ${name}`)
      return found
    },
  }
  const far = proxyApi(link)
  type Invoking = (name: string, request: FunctionRequest, asker: FunctionAsker) => Promise<FunctionAnswer> | undefined
  const run: Invoking = (name, request, asker) => (elsewhere.has(name) ? far.invoke(name, request) : invoke(parts, name, request, asker))
  /** A name that came into a block a moment ago: what the main thread answers now, it says behind the news. */
  const runNew = async (name: string, request: FunctionRequest): Promise<FunctionAnswer> => {
    if (!registry.has(name)) await far.ready()
    await loading.get(name)
    return promised((asker) => run(name, request, asker))
  }
  const invokeHere: Invoking = (name, request, asker) =>
    registry.has(name) && !loading.has(name) ? run(name, request, asker) : runNew(name, request)
  const node: NodeApi = {
    ...far,
    submit: farSubmit(link),
    invoke: (name, request) => promised((asker) => invokeHere(name, request, asker)),
  }
  const admission = new Admission()
  const app = createApp(node, { admission, onError })
  link.note('ready')
}
