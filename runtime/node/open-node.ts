/** The composition root: opens a data folder and wires a node together behind the NodeApi port. */
import { join } from 'node:path'
import { openStore } from '../../helia-store/index.ts'
import { openChain, type GuestRecord, type ProducedBlock, type Voter } from '../consensus/index.ts'
import {
  chainIdOf,
  cborCidText,
  decodeTx,
  decodeVerdictRequest,
  encodeGenesis,
  limitError,
  LIMITS,
  asUtnetError,
  cidOf,
  batchMessage,
  DAG_CBOR,
  type NodeApi,
} from '../core/index.ts'
import * as crypto from '../crypto/native.ts'
import { createHost } from '../host/index.ts'
import { openLmdb } from '../kv/index.ts'
import { createBridge, withGuests, type Bridge } from '../tpu-bridge/index.ts'
import { exactGuest, devicesOf, guestOperators } from './models/index.ts'
import { answerRequests, type Requests } from './requests.ts'
import { cheatOn, selfAudited, type Cheat } from './piee/index.ts'
import { openJournals } from './journals.ts'
import { allReceipts } from './receipts/index.ts'
import { anchorBatches, answerDemands, mustReach, retireClosed, Unanchored } from './anchoring/index.ts'
import { gatewaySource, keepRequest, openAuditor, openExaminer, signVerdict, storeSource, type Auditor } from './auditor/index.ts'
import {
  createEndedCalls,
  createCallRecorder,
  createColdLoads,
  createEventHub,
  knownSignatures,
  createProducer,
  createSubmitQueue,
  warmUp,
} from './chain/index.ts'
import { createSourceLines, createSourceMaps } from './source-lines/index.ts'
import { NO_DESK, openDesk, deskOptions, devVendor, chipFolder, chipWork } from './chips/index.ts'
import { closeAll } from './close-all.ts'
import { openDataFolder, type DataFolder, nodeKeys } from './folder/index.ts'
import { devGenesis } from './dev-genesis.ts'
import { createBuckets, createFetcher } from './outside/index.ts'
import { startEdges, type Edges, type GuestEntry } from './edge/index.ts'
import { exactEnvironment } from './environment/index.ts'
import { createMeters } from './meters/index.ts'
import { heldAccount, type Parts } from './parts.ts'
import { pooledRandom } from './random.ts'
import { realClock } from './real-clock.ts'
import { localReceipts } from './runs/index.ts'
import { guests, history } from './services/index.ts'
import { payBaseFee } from './transactions.ts'
import { apiOf } from './api.ts'
import type { NodeOptions } from './node-options.ts'

/** A node at work. */
export interface OpenNode {
  readonly api: NodeApi
  /** Canonical bytes of the genesis. */
  readonly genesis: Uint8Array
  /** True when this run made the genesis. */
  readonly madeGenesis: boolean
  /** Of a node that lies, what it has to defend: the lie behind a commitment's root. */
  readonly lieOf: Cheat['lieOf']
  /** Threads that can serve the node's HTTP; undefined where there are none. */
  readonly edges: Pick<Edges, 'listen'> | undefined
  /** Ends event streams, waits for what is being written, gives the folder free. */
  close(): Promise<void>
}

/** Opens a node over a data folder. Throws `data_locked`, `data_version`, `data_corrupt` or `chain_invalid`; nothing stays open then. */
export async function openNode(options: NodeOptions): Promise<OpenNode> {
  crypto.useNativeHashes()
  const folder = openDataFolder(options.data)
  const closers: (() => Promise<void> | void)[] = [() => folder.release()]
  try {
    return await wire(options, folder, closers)
  } catch (error) {
    await closeAll(closers).catch(() => {})
    throw error
  }
}

async function wire(options: NodeOptions, folder: DataFolder, closers: (() => Promise<void> | void)[]): Promise<OpenNode> {
  const clock = realClock
  const keys = nodeKeys(folder.keys)
  const node = heldAccount(keys.identity)
  const dev = heldAccount(keys.dev)
  const chip = await crypto.openSoftwareChip(keys.chip)
  const voteSecret = crypto.blsKeygen(keys.vote)
  const { genesis, made } = devGenesis(folder.chain, {
    clock,
    node,
    voteSecret,
    dev,
    vendor: crypto.publicKeyEd25519(keys.vendor),
    epochBlocks: options.epochBlocks,
  })

  const { attesterRoots } = options
  const desk = attesterRoots === undefined ? NO_DESK : openDesk(deskOptions(devVendor(genesis, keys.vendor), attesterRoots))
  const genesisBytes = encodeGenesis(genesis)
  const retention = options.retention ?? { default: genesis.dev ? 'public' : 'sealed' }
  const receipting = options.receipts ?? { default: 'on' }
  const threads = options.threads ?? 0
  if (!Number.isInteger(threads) || threads < 0 || threads > LIMITS.edgeThreads)
    throw limitError('core_bad_argument', 'edgeThreads', threads, LIMITS.edgeThreads, 'edge threads')
  const signer = crypto.openSigner(node.secret)
  // They start while the rest of the node opens.
  const edges =
    threads === 0
      ? undefined
      : startEdges({
          threads,
          journal: folder.journal,
          identity: node.secret,
          chip: keys.chip,
          loopback: genesis.dev,
          sign: signer.sign,
          chainId: cidOf(DAG_CBOR, genesisBytes).toString(),
          retention,
          receipting,
          ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
          onRestart: options.onRestart ?? (() => {}),
        })
  edges?.ready.catch(() => {})
  if (edges !== undefined) closers.push(() => edges.close())

  const blocksKv = await openLmdb(folder.blocks)
  closers.push(() => blocksKv.close())
  const kv = await openLmdb(join(folder.chain, 'kv'))
  closers.push(() => kv.close())
  const store = await openStore({ kv: blocksKv, offline: true })
  closers.push(() => store.close())
  const exact = exactGuest(options.exactComponent)
  const operators = guestOperators(() => ({ chain, host }))
  const local = devicesOf(options, exact, (model) => honest.namesOf(model))
  const honest: Bridge = createBridge({
    files: store,
    kv,
    devices: local.map((device) => withGuests(device, operators)),
    ...(options.prices === undefined ? {} : { prices: options.prices }),
    watch: { timed: (...what) => meters.device(...what), replaced: (device) => meters.replaced(device) },
  })
  closers.push(() => honest.close())
  const random = pooledRandom()
  const cheat = options.cheat === undefined ? undefined : cheatOn(genesis, options.cheat, honest, exact, store, random)
  if (cheat !== undefined) closers.push(() => cheat.models.runner.close())
  const bridge = cheat?.bridge ?? honest
  const host = createHost({
    files: store,
    fileNow: store.fileNow,
    tensors: bridge,
    chip,
    chainId: chainIdOf(genesis),
    fetcher: createFetcher({ loopback: genesis.dev }),
    buckets: createBuckets(kv),
  })
  const known = knownSignatures(crypto.verifyEd25519)
  const verifiers = crypto.openVerifiers(options.verifiers ?? 0)
  closers.push(() => verifiers.close())
  const recorder = createCallRecorder(kv)
  const ended = createEndedCalls()
  const sourceMaps = createSourceMaps(kv, store)
  const coldLoads = createColdLoads(host, clock)
  closers.push(() => coldLoads.close())
  const chain = await openChain({
    genesis,
    kv: recorder.kv,
    executor: host.executor,
    crypto: { ...crypto, verifyEd25519: known.verify, verifyEd25519Many: verifiers.check },
    loadModule: coldLoads.load,
    onCall(note) {
      recorder.note(note)
      ended.note(note)
    },
  })
  const warming = warmUp(chain.warm(), host.executor)
  warming.done.catch((error: unknown) => options.onFailure?.(asUtnetError(error)))
  closers.push(() => warming.stop())
  const sign = (bytes: Uint8Array): Uint8Array => {
    const sig = signer.sign(bytes)
    known.note(sig, bytes, node.key)
    return sig
  }
  const journals = openJournals({ folder: folder.journal, threads, node: node.key, chainId: chain.chainId, sign, random, closers })
  await edges?.ready
  const receipts = allReceipts(journals.own, edges === undefined ? journals.resting : [edges, ...journals.resting])

  mustReach(chain, receipts, node)
  retireClosed({ chain, receipts, node })

  const events = createEventHub((heard) => edges?.heard(heard))
  const meters = createMeters(
    () => ({ mempool: chain.waiting(), receipts: receipts.count(), threads }),
    () => edges?.totals() ?? [],
    () => honest.serving(),
  )
  const unanchored = new Unanchored()
  let requests: Requests | undefined
  let auditor: Auditor | undefined
  const demanded = answerDemands(chain, receipts, node)
  const voter: Voter = { bls: crypto.blsPublicKey(voteSecret), sign: (message) => crypto.blsSign(message, voteSecret) }
  const environment = exact === undefined ? undefined : exactEnvironment(exact)
  closers.push(() => environment?.close())
  const work = chipWork({
    chain,
    node: node.key,
    folder: chipFolder(options.data),
    environment,
    voter,
    crypto,
    onMissing: options.onMissingChip ?? (() => {}),
  })
  closers.push(() => work.close())
  const ground = { genesis: genesisBytes, ...(options.exactComponent === undefined ? {} : { component: options.exactComponent }) }
  // Of their own each: what others ask for holds up no audit.
  const [asked, audits] = [openExaminer(ground), openExaminer(ground)]
  closers.push(() => Promise.all([asked.close(), audits.close()]).then(() => {}))
  const verdicts = { chain, node: node.key, voter, examiner: asked }
  const onBlock = async (block: ProducedBlock): Promise<void> => {
    await work.judge()
    const { height } = block.header
    const { txs, outcomes } = chain.blockAt(height)
    if (events.heard()) for (const event of history.blockEvents({ chain }, height)) events.emit(event)
    meters.block(height, outcomes.length)
    edges?.head(block.header)
    let anchored = false
    for (const [i, { kind, status }] of outcomes.entries()) {
      if (status !== 'ok') continue
      if (kind === 'anchor') anchored = true
      if (kind !== 'publish') continue
      const { payload } = decodeTx(txs[i] as Uint8Array).body
      if (payload.kind === 'publish') edges?.guests([entryOf(chain.guest(payload.name))])
    }
    const taken = anchored ? unanchored.take((thread) => chain.batchHead(node.key, thread).next) : []
    for (const digests of taken)
      for (let at = 0; events.heard() && at < digests.length; at += 32)
        events.emit({ type: 'anchor', id: cborCidText(digests, at), height })
    retireClosed({ chain, receipts, node })
    if (demanded.block(height)) producer.transactionWaits()
    auditor?.block(height)
    requests?.block(
      height,
      outcomes.flatMap((o) => o.events),
    )
  }
  const producer = createProducer({
    chain,
    clock,
    proposer: { key: node.key, vrfProve: crypto.vrfProver(node.secret) },
    voters: [voter],
    work: () => work.propose(),
    async beforeBlock() {
      payBaseFee(chain, node)
      await anchorBatches({
        chain,
        receipts,
        node,
        digestsOf: (batch) => unanchored.digestsOf(batch),
        keep: (block) => store.putAll([block]),
      })
      demanded.answer()
    },
    onBlock,
    onFailure: options.onFailure ?? (() => {}),
  })
  journals.own.onDurable(({ batches }) => {
    for (const { batch, digests } of batches) unanchored.add(batch, digests)
    producer.receiptsWait()
  })
  if (options.audit !== false) {
    const found = openAuditor({
      chain,
      voter,
      examiner: audits,
      node,
      clock,
      kv,
      sources: [storeSource(store), ...(options.auditFrom ?? []).map(gatewaySource)],
      onFinding: (finding) => options.onFinding?.(finding, keepRequest(options.data, finding)),
      onSubmit: producer.transactionWaits,
      onFailure: (error) => options.onAuditFailure?.(asUtnetError(error)),
    })
    closers.push(() => found.close())
    auditor = found
  }
  await producer.start()
  edges?.head(chain.head().header)
  closers.push(() => producer.stop())

  const parts: Parts = {
    clock,
    kv,
    store,
    bridge,
    host,
    coldLoads,
    chain,
    receipts,
    functionReceipts: localReceipts(receipts),
    recorder,
    ended,
    sourceMaps,
    lines: createSourceLines({ mapOf: (name, module) => sourceMaps.find(module, name), files: store, always: genesis.dev }),
    producer,
    submits: createSubmitQueue(chain, producer.transactionWaits),
    events,
    meters,
    node,
    chip,
    dev: genesis.dev ? dev : null,
    retention,
    receipting,
    random,
    guestNow: (name) => guests.guestAtHead(parts, name),
  }
  const answering = answerRequests(parts, { onFailure: options.onFailure ?? (() => {}), onDamage: options.onDamage ?? (() => {}) })
  requests = answering
  closers.push(() => answering.close())
  const plainApi = apiOf(parts, genesisBytes, edges, {
    audit: () => auditor?.state() ?? null,
    attest: async (request) => desk.attest(request),
    certify: async (id, secret) => desk.certify(id, secret),
    verdict: async (request) => signVerdict(verdicts, decodeVerdictRequest(request)),
  })
  const { onDispute } = options
  const api =
    cheat === undefined || onDispute === undefined
      ? plainApi
      : selfAudited(plainApi, parts, cheat, join(options.data, 'disputes'), onDispute)
  edges?.serve({
    api,
    files: store,
    sourceMaps,
    tensors: bridge,
    guests: () => chain.guests().map(entryOf),
    durable(records, time) {
      producer.noteTime(time)
      for (const { batch, sig, digests } of records.flatMap((record) => record.batches)) {
        // Signed by this node's own thread: the chain need not check it again.
        known.note(sig, batchMessage(chain.chainId, batch), node.key)
        unanchored.add(batch, digests)
      }
      producer.receiptsWait()
    },
    event: events.emit,
  })
  let closed: Promise<void> | undefined
  return {
    api,
    genesis: genesisBytes,
    madeGenesis: made,
    lieOf: (root) => cheat?.lieOf(root),
    edges,
    close() {
      closed ??= (async () => {
        events.close()
        await closeAll(closers)
      })()
      return closed
    },
  }
}

const entryOf = ({ name, world, module }: GuestRecord): GuestEntry => [name, world, module.toString()]
