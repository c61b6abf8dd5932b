/** Opens a chain: starts it from its genesis, or goes on from the head in the store. */
import { chainIdOf, equalBytes, LIMITS, paramsOf, UtnetError, type CID, type Kv, type Params } from '../../core/index.ts'
import { asParent, makeBloom } from '../block/index.ts'
import { CatChecks, NO_CAT } from '../cat/index.ts'
import { Mempool } from '../mempool/index.ts'
import {
  burntOf,
  decodeRoots,
  encodeRoots,
  EMPTY_ROOTS,
  readAccount,
  rootHashes,
  updateState,
  walkAt,
  warmModules,
  type TrieName,
} from '../state/index.ts'
import { createPageStore, damaged, type PageStore } from '../trie/index.ts'
import type { Chain, ChainOptions } from './api.ts'
import { buildBlock, executeBlock, commitBlock, pendingBlock, minted, rewardOf, taskOf } from './blocks/index.ts'
import { headState, type ChainCore, type ChainHead, HeadAccounts, HeadContracts } from './head/index.ts'
import { checkGenesis, genesisHeader, genesisState } from './genesis.ts'
import { certify, produce, proposeBlock, runBlock } from './produce.ts'
import { runQuery } from './query.ts'
import {
  accountAt,
  batchAnchor,
  batchHead,
  blockAt,
  bloomAt,
  callReceipt,
  demands,
  findTx,
  guestAt,
  hasReceipt,
  headerAt,
  listGuests,
  lowestState,
  moduleBytes,
  nodeProof,
  openRequest,
  prove,
  readyGasOf,
  receiptBody,
  proveEntry,
  searchChain,
  catSeats,
  epochStep,
} from './reads/index.ts'
import {
  bloomKey,
  decodeHead,
  decodeHeaderRow,
  encodeHead,
  encodeHeaderRow,
  encodeList,
  encodeResults,
  encodeWork,
  HEAD_KEY,
  headerKey,
  resultsKey,
  rootsKey,
  txsKey,
  workKey,
  EpochSets,
  firstSetRows,
  namedRows,
  unlessDamaged,
} from './rows/index.ts'
import { checkPaid, submitAll, submitTx } from './submit.ts'
import { baseFeeOf, contractAt, slashedAt } from '../tx/index.ts'

async function startChain(options: ChainOptions, store: PageStore): Promise<ChainHead> {
  const { genesis, kv } = options
  const update = updateState(store, EMPTY_ROOTS, genesisState(genesis).changes(), 0)
  const header = genesisHeader(genesis, rootHashes(update.roots))
  await kv.commit([
    ...update.rows,
    [rootsKey(0), encodeRoots(update.roots)],
    [headerKey(0), encodeHeaderRow({ header, certificate: null })],
    [txsKey(0), encodeList([])],
    [workKey(0), encodeWork({ cat: NO_CAT, verdicts: [] })],
    [resultsKey(0), encodeResults({ outcomes: [], leaves: [] })],
    [bloomKey(0), makeBloom([])],
    ...firstSetRows(genesis.validators),
    [HEAD_KEY, encodeHead({ chainId: header.chainId.bytes, height: 0 })],
  ])
  update.remember()
  return { ...asParent(header, null), roots: update.roots }
}

function resumeChain(kv: Kv, headRow: Uint8Array, chainId: CID): ChainHead {
  const head = decodeHead(headRow)
  if (!equalBytes(head.chainId, chainId.bytes)) {
    throw new UtnetError('chain_invalid', 'the data folder holds another chain', {
      hint: 'use another data folder, or the genesis that this one was made with',
    })
  }
  const header = unlessDamaged(() => kv.get(headerKey(head.height)), undefined)
  const roots = unlessDamaged(() => kv.get(rootsKey(head.height)), undefined)
  if (header === undefined || roots === undefined) throw damaged(`the rows of head ${head.height} are missing or damaged`)
  const row = decodeHeaderRow(header)
  const decoded = decodeRoots(roots)
  for (const [trie, hash] of Object.entries(rootHashes(decoded))) {
    if (!equalBytes(hash, row.header.state[trie as TrieName]))
      throw damaged(`the state roots of height ${head.height} are not those of its header`)
  }
  return { ...asParent(row.header, row.certificate), roots: decoded }
}

/** Opens the chain of a genesis over a store: starts it there, or goes on from its head. Throws `chain_invalid` for a bad genesis or a store of another chain. */
export async function openChain(options: ChainOptions): Promise<Chain> {
  const { genesis, executor, crypto } = options
  const kv = namedRows(options.kv)
  checkGenesis(genesis, crypto)
  const params = paramsOf(genesis.protocol) as Params
  const chainId = chainIdOf(genesis)
  const store = createPageStore(kv)
  const row = kv.get(HEAD_KEY)
  const head = row === undefined ? await startChain({ ...options, kv }, store) : resumeChain(kv, row, chainId)
  const sets = new EpochSets(kv, genesis, head.header.height)
  const core: ChainCore = {
    genesis,
    kv,
    store,
    executor,
    crypto,
    params,
    rules: { chainId, protocol: genesis.protocol, setAt: (height) => sets.at(height), crypto },
    sets,
    accounts: new HeadAccounts((address) => readAccount(headState(core), address)),
    contracts: new HeadContracts((key) => headState(core).get('contracts', key)),
    mempool: new Mempool(),
    loadModule: options.loadModule ?? (() => Promise.resolve()),
    onCall: options.onCall,
    catChecks: new CatChecks(crypto),
    history: options.history ?? LIMITS.stateHistory,
    recentResults: new Map(),
    head,
    headBlock: undefined,
    votes: new Map(),
    taking: Promise.resolve(),
    producing: false,
    committing: false,
    pruning: Promise.resolve(),
    broken: undefined,
  }
  return bind(core)
}

function bind(core: ChainCore): Chain {
  return {
    chainId: core.rules.chainId,
    genesis: core.genesis,
    params: core.params,
    head: () => headerAt(core, core.head.header.height),
    headerAt: (height) => headerAt(core, height),
    blockAt: (height) => blockAt(core, height),
    lowestState: () => lowestState(core),
    tx: (id) => findTx(core, id),
    hasReceipt: (id) => hasReceipt(core, id),
    receiptBody: (id) => receiptBody(core, id),
    receiptAt: (id) => callReceipt(core, id),
    batchAnchor: (node, thread, first) => batchAnchor(core, node, thread, first),
    batchHead: (node, thread) => batchHead(core, node, thread),
    demands: () => demands(core),
    account: (address, at) => accountAt(core, address, at),
    nextNonce: (address) => core.mempool.nextNonce(address, accountAt(core, address)),
    guest: (name, at) => guestAt(core, name, at),
    guests: (after, limit) => listGuests(core, after, limit),
    contract: (address) => contractAt(headState(core), address),
    query: (query) => runQuery(core, query),
    readyGas: (contract) => readyGasOf(core, contract),
    request: (contract, number) => openRequest(core, contract, number),
    prove: (trie, key, at) => prove(core, trie, key, at),
    nodeProof: (node, height) => nodeProof(core, node, height),
    search: (search) => searchChain(core, search),
    proveEntry: (entry) => proveEntry(core, entry),
    bloom: (height) => bloomAt(core, height),
    slashedAt: (bls) => slashedAt(headState(core), bls),
    setAt: (height) => core.sets.at(height),
    catSeats: (node, height) => catSeats(core, node, height),
    epochStep: (epoch) => epochStep(core, epoch),
    warm: () => warmModules(headState(core)),
    moduleBytes: (module) => moduleBytes(core, module),
    holds: ({ module, bytes }) => core.executor.holds(module, bytes),
    baseFee: () => baseFeeOf(headState(core), core.params),
    burnt: () => burntOf(headState(core)),
    minted: () => minted(core),
    task: (node, height) => taskOf(core, node, height),
    reward: (height) => rewardOf(core, height),
    walk: (trie) => walkAt(core.store, core.head.roots, trie),
    checkPaid: (wire) => checkPaid(core, wire),
    submit: (wire) => submitTx(core, wire),
    candidates: () => core.mempool.take(baseFeeOf(headState(core), core.params)),
    submitAll: (wires) => submitAll(core, wires),
    waitingOf: (address) => [...core.mempool.of(address)],
    waiting: () => core.mempool.size,
    drop: (id) => core.mempool.drop(id.toString()).map((tx) => tx.id),
    produce: (options) => produce(core, options),
    buildBlock: (options) => buildBlock(core, options),
    executeBlock: (block) => executeBlock(core, block),
    proposeBlock: (options) => proposeBlock(core, options),
    runBlock: (block, parentCertificate) => runBlock(core, block, parentCertificate),
    pendingBlock: () => pendingBlock(core),
    certify: (executed, voters) => certify(core, executed, voters),
    commitBlock: (executed, certificate) => commitBlock(core, executed, certificate),
  }
}
