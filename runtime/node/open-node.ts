/** The composition root: opens a data folder and wires a node together behind the NodeApi port. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../helia-store/index.ts'
import { openChain, type Chain, type GuestRecord, type ProducedBlock, type Voter } from '../consensus/index.ts'
import {
  chainIdOf,
  cborCidText,
  decodeTx,
  decodeVerdictRequest,
  encodeGenesis,
  equalBytes,
  formatAddress,
  formatChipKey,
  formatKey,
  limitError,
  LIMITS,
  parseCid,
  PROTOCOL,
  sha256,
  toHex,
  asUtnetError,
  UtnetError,
  cidOf,
  concatBytes,
  DAG_CBOR,
  domain,
  encodeBatch,
  type AuditView,
  type BatchStatement,
  type NodeApi,
} from '../core/index.ts'
import * as crypto from '../crypto/native.ts'
import { createHost } from '../host/index.ts'
import { openDisk, openLmdb } from '../kv/index.ts'
import { openReceipts, type Receipts } from '../receipts/index.ts'
import { createBridge, withGuests, type Bridge } from '../tpu-bridge/index.ts'
import { exactGuest } from './exact-guest.ts'
import { cheatOn, selfAudited, type Cheat, type NodeDispute } from './piee/index.ts'
import { allReceipts, type AllReceipts, type OtherReceipts } from './all-receipts.ts'
import { anchorBatches, retireClosed } from './anchors.ts'
import { gatewaySource, openAuditor, openExaminer, signVerdict, storeSource, type Auditor, type Finding } from './auditor/index.ts'
import { createEndedCalls } from './ended-calls.ts'
import { createSourceLines } from './source-lines.ts'
import { createSourceMaps } from './source-maps.ts'
import { createCallRecorder } from './call-recorder.ts'
import { NO_DESK, openDesk } from './chips/attester.ts'
import { deskOptions, devVendor } from './chips/enrol.ts'
import { chipFolder } from './chips/folder.ts'
import { chipWork } from './chips/work.ts'
import { openDataFolder, type DataFolder } from './data-folder.ts'
import { answerDemands } from './demands.ts'
import { devGenesis } from './dev-genesis.ts'
import { devicesOf, type RemoteServer } from './devices.ts'
import { createBuckets } from './buckets.ts'
import { journalOf, lanesOf, restingThreads, startEdges, type Edges, type GuestEntry } from './edge/index.ts'
import { exactEnvironment } from './environment/index.ts'
import { createEventHub } from './event-hub.ts'
import { createFetcher } from './fetcher.ts'
import { guestOperators } from './guest-operators.ts'
import { knownSignatures } from './known-signatures.ts'
import { createMeters } from './meters.ts'
import { nodeKeys } from './node-keys.ts'
import { heldAccount, type HeldAccount, type Parts, type ReceiptRules, type RetentionRules } from './parts.ts'
import { createProducer } from './producer.ts'
import { answerRequests, type Requests } from './requests.ts'
import { pooledRandom } from './random.ts'
import { realClock } from './real-clock.ts'
import * as chainView from './services/chain-view.ts'
import * as contracts from './services/contracts.ts'
import * as history from './services/events.ts'
import { localReceipts } from './services/function-receipts.ts'
import * as functions from './services/functions.ts'
import * as guests from './services/guests.ts'
import * as inference from './services/inference.ts'
import * as proofs from './services/proofs.ts'
import * as transactions from './services/submit.ts'
import { createSubmitQueue } from './submit-queue.ts'
import { version } from './version.ts'

export interface NodeOptions {
  /** Data folder; made when it is not there. */
  readonly data: string
  /** What is kept of inputs, outputs and logs; `public` for a dev chain unless told. */
  readonly retention?: RetentionRules
  /** Whether runs of functions leave receipts; they do unless told. */
  readonly receipts?: ReceiptRules
  /** Edge threads, which serve HTTP beside the main thread; 0 unless told: then everything runs on this one. At most `LIMITS.edgeThreads`. */
  readonly threads?: number
  /** Threads that check signatures of transactions beside the main one; 0 unless told. They start when there is enough for them. */
  readonly verifiers?: number
  /** After how many milliseconds in one run an edge thread is ended; `LIMITS.runDeadlineMs` unless told. */
  readonly deadlineMs?: number
  /** Told when an edge thread was ended or came down; it is started again. */
  readonly onRestart?: (error: UtnetError) => void
  /** Devices in order of preference (docs/devices.md); `onnx-cpu`, `wasm`, `onnx-web` and `wasm-mixed` unless told. */
  readonly devices?: readonly string[]
  /** Provider of device `onnx-gpu`, e.g. `webgpu`. */
  readonly gpu?: string
  /** Server of device `remote`. */
  readonly remote?: RemoteServer
  /** What a run costs on a device, by its id: whole numbers from 1 (docs/devices.md). */
  readonly prices?: Readonly<Record<string, number>>
  /** The component that device `wasm` runs; that of the package unless told. */
  readonly exactComponent?: Uint8Array
  /** Blocks of an epoch, where this start makes the chain; 600 unless told. */
  readonly epochBlocks?: number
  /** The node lies in one of so many inferences; only under a dev genesis. */
  readonly cheat?: number
  /** Where it is given, a node that lies audits itself and disputes what it finds; told of disputes, with the file of the transcript. */
  readonly onDispute?: (found: NodeDispute, transcript: string) => void
  /** Told of a chip that sits at the node and does not open: its blocks earn nothing then. */
  readonly onMissingChip?: (serial: Uint8Array, error: UtnetError) => void
  /** Whether the node looks at what other nodes anchor (docs/spec/rollup.md); it does unless told. */
  readonly audit?: boolean
  /** Gateways of other nodes, where their data can be had. */
  readonly auditFrom?: readonly string[]
  /** Folder with the certificates of TPM makers: then the node certifies the chips of TPMs that ask (docs/spec/chips.md). Only a vendor of the chain can. */
  readonly attesterRoots?: string
  /** Told of what should not happen in the audit, which goes on. */
  readonly onAuditFailure?: (error: UtnetError) => void
  /** Told of what the audit found; with the file of the request where other validators have to be asked. */
  readonly onFinding?: (finding: Finding, request: string | undefined) => void
  /** Told of what ends the node by itself: a disk or chain that failed. */
  readonly onFailure?: (error: UtnetError) => void
}

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
    for (const close of closers.reverse()) await close()
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
  const chain = await openChain({
    genesis,
    kv: recorder.kv,
    executor: host.executor,
    crypto: { ...crypto, verifyEd25519: known.verify, verifyEd25519Many: verifiers.check },
    loadModule: (module) => host.load(module),
    onCall(note) {
      recorder.note(note)
      ended.note(note)
    },
  })
  const journal = (path: string, thread: number): Receipts =>
    openReceipts({
      lanes: lanesOf(thread),
      disk: openDisk(path),
      node: node.key,
      sign: (bytes) => {
        const sig = signer.sign(bytes)
        known.note(sig, bytes, node.key)
        return sig
      },
      random,
      soon: setImmediate,
    })
  const own = journal(folder.journal, 0)
  closers.push(() => own.close())
  const others: OtherReceipts[] = edges === undefined ? [] : [edges]
  for (const thread of restingThreads(folder.journal, threads)) {
    const resting = journal(journalOf(folder.journal, thread), thread)
    closers.push(() => resting.close())
    others.push(resting)
  }
  await edges?.ready
  const receipts = allReceipts(own, others)

  mustReach(chain, receipts, node)
  retireClosed({ chain, receipts, node })

  const events = createEventHub((heard) => edges?.heard(heard))
  const meters = createMeters(
    () => ({ mempool: chain.waiting(), receipts: receipts.count(), threads }),
    () => edges?.totals() ?? [],
    () => honest.serving(),
  )
  /** Digests of the receipts of this run's batches that no block holds yet, for events. */
  const unanchored = new Map<string, Uint8Array>()
  const laneOf = (batch: BatchStatement): string => `${batch.thread}/${batch.first}`
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
    for (const [i, { kind, status }] of outcomes.entries()) {
      if (status !== 'ok' || (kind !== 'publish' && kind !== 'anchor')) continue
      const { payload } = decodeTx(txs[i] as Uint8Array).body
      if (payload.kind === 'publish') edges?.guests([entryOf(chain.guest(payload.name))])
      for (const { batch } of payload.kind === 'anchor' ? payload.batches : []) {
        const digests = unanchored.get(laneOf(batch)) ?? new Uint8Array(0)
        for (let at = 0; events.heard() && at < digests.length; at += 32)
          events.emit({ type: 'anchor', id: cborCidText(digests, at), height })
        unanchored.delete(laneOf(batch))
      }
    }
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
    proposer: { key: node.key, vrfProve: (alpha) => crypto.vrfProve(node.secret, alpha) },
    voters: [voter],
    work: () => work.propose(),
    async beforeBlock() {
      await anchorBatches({
        chain,
        receipts,
        node,
        digestsOf: (batch) => unanchored.get(laneOf(batch)),
        keep: (block) => store.putAll([block]),
      })
      demanded.answer()
    },
    onBlock,
    onFailure: options.onFailure ?? (() => {}),
  })
  own.onDurable(({ batches }) => {
    for (const { batch, digests } of batches) unanchored.set(laneOf(batch), digests)
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
  const answering = answerRequests(parts, options.onFailure ?? (() => {}))
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
    durable({ records, time }) {
      producer.noteTime(time)
      for (const { batch, sig, digests } of records.flatMap((record) => record.batches)) {
        // Signed by this node's own thread: the chain need not check it again.
        known.note(sig, concatBytes(domain('batch'), encodeBatch(batch)), node.key)
        unanchored.set(laneOf(batch), digests)
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
        for (const close of closers.reverse()) await close()
      })()
      return closed
    },
  }
}

/** Keeps the request that other validators are to be asked with; gives its file. */
function keepRequest(data: string, { anchor, request }: Finding): string | undefined {
  if (request === undefined) return undefined
  const folder = join(data, 'findings')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${anchor}-${toHex(sha256(request)).slice(0, 8)}.verdict`)
  writeFileSync(path, request)
  return path
}

/** The chain must not know receipts that the journal has lost: then the disk was set back, and the node would sign other receipts under their numbers. */
function mustReach(chain: Chain, receipts: AllReceipts, node: HeldAccount): void {
  for (let range = 0; range <= LIMITS.edgeThreads; range++) mustReachIn(chain, receipts, node, lanesOf(range).first)
}

function mustReachIn(chain: Chain, receipts: AllReceipts, node: HeldAccount, first: number): void {
  for (let thread = first; ; thread++) {
    const { next, root, closed } = chain.batchHead(node.key, thread)
    if (next === 0 && closed === null) return
    // closed at its first batch: there is nothing that the journal would have to know
    if (next === 0) continue
    const known = receipts
      .batchesFrom(new Map([[thread, 0]]))
      .some(({ batch }) => batch.thread === thread && batch.first + batch.size === next && equalBytes(batch.root, root))
    if (!known) {
      throw new UtnetError('data_corrupt', `the chain has receipts of thread ${thread} up to ${next} that the journal lacks`, {
        hint: 'restore the whole data folder from one copy, or choose another: --data DIR',
      })
    }
  }
}

const entryOf = ({ name, world, module }: GuestRecord): GuestEntry => [name, world, module.toString()]

/** What the node does for others of its chain. */
interface ForOthers extends Pick<NodeApi, 'verdict' | 'attest' | 'certify'> {
  audit(): AuditView | null
}

function apiOf(parts: Parts, genesis: Uint8Array, edges: Edges | undefined, { audit, ...forOthers }: ForOthers): NodeApi {
  return {
    info: async () => ({
      version,
      protocol: PROTOCOL,
      chainId: parts.chain.chainId.toString(),
      nodeKey: formatKey(parts.node.key),
      chipKey: formatChipKey(parts.chip.publicKey),
      dev: parts.dev !== null,
      devAccount: parts.dev === null ? null : formatAddress(parts.dev.address),
      isolation: 'wasm-software',
      audit: audit(),
    }),
    ready: async () => true,
    async deploy(request) {
      const view = await guests.deploy(parts, request)
      await edges?.settled()
      return view
    },
    putSourceMap: (name, bytes) => guests.putSourceMap(parts, name, bytes),
    sourceMap: (module) => parts.sourceMaps.read(parseCid(module, 'module')),
    guests: () => guests.guests(parts),
    guest: (name) => guests.guest(parts, name),
    call: (request) => contracts.call(parts, request),
    query: (request) => contracts.query(parts, request),
    account: async (address, proof) => contracts.account(parts, address, proof),
    fund: (address) => contracts.fund(parts, address),
    submit: async (wire) => ({ hash: (await parts.submits.take(wire)).hash }),
    transaction: (hash, waitMs) => transactions.transaction(parts, hash, waitMs),
    invoke: (name, request) => functions.invokeWhole(parts, name, request),
    putModel: (name, bytes) => inference.putModel(parts, name, bytes),
    models: async () => parts.bridge.list(),
    model: async (name) => inference.model(parts, name),
    infer: (request) => inference.infer(parts, request),
    receipt: (id, waitMs) => proofs.receipt(parts, id, waitMs),
    receiptBytes: (id) => proofs.receiptBytes(parts, id),
    bundle: (id, bundleOptions) => proofs.bundle(parts, id, bundleOptions),
    chain: async () => chainView.chain(parts),
    block: async (height) => chainView.block(parts, height),
    epoch: async (number, epochOptions) => chainView.epoch(parts, number, epochOptions),
    power: async (epoch) => chainView.power(parts, epoch),
    genesis: async () => genesis,
    ...forOthers,
    chainEvents: async (request) => history.chainEvents(parts, request),
    events: (signal, request) => history.streamEvents(parts, signal, request),
    ipfs: (cid, path, format) => proofs.ipfs(parts, cid, path, format),
    metrics: () => parts.meters.text(),
  }
}
