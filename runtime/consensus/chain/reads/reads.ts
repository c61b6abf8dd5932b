/** What a node reads from the chain: blocks, transactions, receipts, accounts, guests, proofs. */
import {
  asArray,
  asBytes,
  decode,
  decodeReceipt,
  decodeRequest,
  formatAddress,
  formatKey,
  nodeAccountKey,
  headerHash,
  inclusionPath,
  pathSides,
  leafHash,
  receiptId,
  requestKey,
  UtnetError,
  type Account,
  type Anchor,
  type Certificate,
  type CID,
  type Header,
  type InferenceRequest,
  type ThreadRecord,
  type TrieProof,
} from '../../../core/index.ts'
import {
  decodeRoots,
  decodeVersion,
  moduleKey,
  moduleSize,
  proveAt,
  readAccount,
  stateAt,
  storeKey,
  versionKey,
  WarmCode,
  type DemandRecord,
  type ContractRecord,
  type Roots,
  type StateReader,
  type TrieName,
  type VersionRecord,
} from '../../state/index.ts'
import { contractAt, openDemands, readName, threadAt, type ChainTx, type TxOutcome } from '../../tx/index.ts'
import { headState, noHeight, resultsAt, type ChainCore } from '../head/index.ts'
import {
  batchRowKey,
  decodeNodeProof,
  nodeProofKey,
  type NodeProof,
  bloomKey,
  decodeHeaderRow,
  decodeList,
  decodePlace,
  decodeWork,
  GUEST_RANGE,
  guestKey,
  headerKey,
  receiptKey,
  rootsKey,
  txKey,
  txsKey,
  workKey,
  type Block,
  type BlockWork,
  type FinalHeaderRow,
  type Place,
} from '../rows/index.ts'

/** A final block's header; `hash` is 32 bytes. */
export interface FinalHeader {
  readonly header: Header
  readonly hash: Uint8Array
  /** Null for block 0. */
  readonly certificate: Certificate | null
}

/** A final block with what its transactions did. */
export interface FinalBlock extends FinalHeader, BlockWork {
  /** Wire bytes. */
  readonly txs: readonly Uint8Array[]
  /** How each transaction ended. */
  readonly outcomes: readonly TxOutcome[]
  /** Leaves of the receipt tree. */
  readonly leaves: readonly Uint8Array[]
}

export type FoundTx =
  | { readonly state: 'pending'; readonly tx: ChainTx }
  | { readonly state: 'final'; readonly height: number; readonly index: number; readonly outcome: TxOutcome; readonly wire: Uint8Array }

/** What is published under a name. */
export interface GuestRecord {
  readonly name: string
  readonly world: string
  /** The newest module. */
  readonly module: CID
  /** Address, 20 bytes. */
  readonly owner: Uint8Array
  /** Address of the contract's state; null for the other worlds. */
  readonly address: Uint8Array | null
  /** How many versions were published: the number of the newest. */
  readonly version: number
  /** The newest versions, the oldest of them first. */
  readonly versions: readonly VersionRecord[]
}

/** A value, with the way to the header that binds it. */
export interface ProvenValue extends FinalHeader {
  readonly height: number
  readonly trie: TrieName
  readonly key: Uint8Array
  /** Null when the state holds nothing there. */
  readonly value: Uint8Array | null
  /** Leads to the header's root of the trie (core `verifyTrieProof`). */
  readonly proof: TrieProof
}

const VERSIONS_SHOWN = 256

/** Header and certificate at a height; throws `chain_height`. */
export function headerAt(core: ChainCore, height: number): FinalHeader {
  if (height === core.head.header.height) {
    const { header, hash, certificate } = core.head
    return { header, hash, certificate }
  }
  const bytes = Number.isSafeInteger(height) && height >= 0 && height < core.head.header.height ? core.kv.get(headerKey(height)) : undefined
  if (bytes === undefined) throw noHeight(core, height)
  const row: FinalHeaderRow = decodeHeaderRow(bytes)
  return { ...row, hash: headerHash(row.header) }
}

/** The block of a height, where it is the head's and was made in this run. */
function heldBlock(core: ChainCore, height: number): Block | undefined {
  return height === core.head.header.height ? core.headBlock : undefined
}

/** The whole block at a height; throws `chain_height`. */
export function blockAt(core: ChainCore, height: number): FinalBlock {
  const final = headerAt(core, height)
  const held = heldBlock(core, height)
  if (held !== undefined) return { ...final, txs: held.txs, cat: held.cat, verdicts: held.verdicts, ...resultsAt(core, height) }
  const txs = core.kv.get(txsKey(height))
  const work = core.kv.get(workKey(height))
  if (txs === undefined || work === undefined) throw noHeight(core, height)
  return { ...final, txs: decodeList(txs, 'transactions'), ...decodeWork(work), ...resultsAt(core, height) }
}

/** A transaction by the text of its id; throws `tx_not_found`, or what became of one that waited here. */
export function findTx(core: ChainCore, id: CID): FoundTx {
  const waiting = core.mempool.get(id.toString())
  if (waiting !== undefined) return { state: 'pending', tx: waiting }
  const bytes = core.kv.get(txKey(id))
  if (bytes === undefined) throw core.mempool.fate(id.toString()) ?? new UtnetError('tx_not_found', `transaction ${id} is not known`)
  const { height, index } = decodePlace(bytes)
  const txs = heldBlock(core, height)?.txs ?? decodeList(core.kv.get(txsKey(height)) as Uint8Array, 'transactions')
  const wire = txs[index] as Uint8Array
  return { state: 'final', height, index, outcome: resultsAt(core, height).outcomes[index] as TxOutcome, wire }
}

function anchorOf(core: ChainCore, { height, index }: Place): Anchor {
  const { leaves } = resultsAt(core, height)
  return { height, index: pathSides(index, leaves.length), path: inclusionPath(leaves.map(leafHash), index) }
}

function receiptIn(core: ChainCore, id: CID): { readonly bodyBytes: Uint8Array; readonly place: Place } {
  const bytes = core.kv.get(receiptKey(id))
  if (bytes === undefined) throw new UtnetError('receipt_not_found', `receipt ${id} is not on the chain`)
  const place = decodePlace(bytes)
  const leaf = resultsAt(core, place.height).leaves[place.index] as Uint8Array
  const bodyBytes = asBytes(asArray(decode(leaf, 'leaf'), 'leaf', 2)[1], 'receipt')
  if (!receiptId(bodyBytes).equals(id) || decodeReceipt(bodyBytes).kind !== 'call')
    throw new UtnetError('data_corrupt', `receipt ${id} is damaged`)
  return { bodyBytes, place }
}

/** The receipt of a call; throws `receipt_not_found`. */
export function receiptBody(core: ChainCore, id: CID): Uint8Array {
  return receiptIn(core, id).bodyBytes
}

/** The receipt of a call with its path to the header, for which all leaves of its block are hashed; throws `receipt_not_found`. */
export function callReceipt(core: ChainCore, id: CID): { readonly bodyBytes: Uint8Array; readonly anchor: Anchor } {
  const { bodyBytes, place } = receiptIn(core, id)
  return { bodyBytes, anchor: anchorOf(core, place) }
}

/** Where a batch is anchored; undefined when it is not (yet). */
export function batchAnchor(core: ChainCore, node: Uint8Array, thread: number, first: number): Anchor | undefined {
  const bytes = core.kv.get(batchRowKey(node, thread, first))
  return bytes === undefined ? undefined : anchorOf(core, decodePlace(bytes))
}

/** The last anchored batch of a node's thread: the next must begin at `next` and name `root`. */
export function batchHead(core: ChainCore, node: Uint8Array, thread: number): ThreadRecord {
  return threadAt(headState(core), node, thread)
}

/** Leaves that were asked for and not shown yet, with the names of the demands. */
export function demands(core: ChainCore): { readonly id: Uint8Array; readonly demand: DemandRecord }[] {
  return openDemands(headState(core), core.head.header.height)
}

/** Lowest height whose state can still be read. */
export function lowestState(core: ChainCore): number {
  return Math.max(0, core.head.header.height - core.history + 1)
}

/** Roots of the state at a height; throws `chain_height` above the head, `chain_pruned` below what is kept. */
function rootsAt(core: ChainCore, height: number): Roots {
  if (height === core.head.header.height) return core.head.roots
  if (!Number.isSafeInteger(height) || height < 0 || height > core.head.header.height) throw noHeight(core, height)
  const lowest = lowestState(core)
  const bytes = height < lowest ? undefined : core.kv.get(rootsKey(height))
  if (bytes === undefined) {
    throw new UtnetError('chain_pruned', `the state of height ${height} is no longer kept; the lowest is ${lowest}`, {
      hint: `use a height from ${lowest} on`,
      details: { height, lowest },
    })
  }
  return decodeRoots(bytes)
}

/** Reads of the state at a height. */
export function stateOf(core: ChainCore, height: number): StateReader {
  return stateAt(core.store, rootsAt(core, height))
}

/** An account; an address never seen is an empty one. */
export function accountAt(core: ChainCore, address: Uint8Array, at?: number): Account {
  return readAccount(stateOf(core, at ?? core.head.header.height), address)
}

/** A published name; throws `guest_not_found`. */
export function guestAt(core: ChainCore, name: string, at?: number): GuestRecord {
  const state = stateOf(core, at ?? core.head.header.height)
  const record = readName(state, name)
  if (record === undefined)
    throw new UtnetError('guest_not_found', `no guest is named ${name.slice(0, 80)}`, { hint: 'list the names with: utnet guests' })
  const versions: VersionRecord[] = []
  for (let i = Math.max(0, record.versions - VERSIONS_SHOWN); i < record.versions; i++) {
    versions.push(decodeVersion(state.get('contracts', versionKey(name, i)) as Uint8Array))
  }
  const { owner, world, address } = record
  return {
    name,
    world,
    owner,
    address,
    version: record.versions,
    versions,
    module: (versions[versions.length - 1] as VersionRecord).module,
  }
}

/** Published names in order, behind one and so many at most; all unless told. */
export function listGuests(core: ChainCore, after?: string, limit?: number): GuestRecord[] {
  const out: GuestRecord[] = []
  const [first, end] = GUEST_RANGE
  // no name lies between one and itself with a zero behind it
  const from = after === undefined ? first : guestKey(`${after}\0`)
  for (const [key] of core.kv.range(from, end, limit === undefined ? {} : { limit }))
    out.push(guestAt(core, String.fromCharCode(...key.subarray(1))))
  return out
}

/** The contract at an address; throws `guest_not_found`. */
export function contractRecord(state: StateReader, address: Uint8Array): ContractRecord {
  const record = contractAt(state, address)
  if (record === undefined) throw new UtnetError('guest_not_found', `no contract stands at ${formatAddress(address)}`)
  return record
}

/** The inference that a contract asked for, as long as it is open at the head. */
export function openRequest(core: ChainCore, contract: Uint8Array, number: bigint): InferenceRequest | undefined {
  const bytes = headState(core).get('contracts', storeKey(contract, requestKey(number)))
  return bytes === undefined ? undefined : decodeRequest(bytes)
}

/** Gas that a contract called in the next block would pay first for being made ready; 0 where the head keeps it ready. Throws `guest_not_found`. */
export function readyGasOf(core: ChainCore, contract: Uint8Array): bigint {
  const state = headState(core)
  return new WarmCode(state, core.params.contracts).price(contractRecord(state, contract).module)
}

/** Size of a module that was published; undefined where none was. */
export function moduleBytes(core: ChainCore, module: CID): number | undefined {
  const record = headState(core).get('offchain', moduleKey(module))
  return record === undefined ? undefined : moduleSize(record)
}

/** A value of a trie with the proof that leads to the header of the height. */
export function prove(core: ChainCore, trie: TrieName, key: Uint8Array, at?: number): ProvenValue {
  const height = at ?? core.head.header.height
  const { value, proof } = proveAt(core.store, rootsAt(core, height), trie, key)
  return { ...headerAt(core, height), height, trie, key, value, proof }
}

/**
 * A node's account with the proof that leads to the accounts root at a height where it anchored a batch (kept for good), or at any readable height.
 * Throws `chain_height`, `chain_pruned`, `receipt_not_anchored` when the node has no account there.
 */
export function nodeProof(core: ChainCore, node: Uint8Array, height: number): NodeProof {
  const bytes = core.kv.get(nodeProofKey(node, height))
  if (bytes !== undefined) return decodeNodeProof(bytes)
  const { value, proof } = prove(core, 'accounts', nodeAccountKey(node), height)
  if (value === null) throw new UtnetError('receipt_not_anchored', `node ${formatKey(node)} is not registered at height ${height}`)
  return { account: value, proof }
}

/** The filter of a block; throws `chain_height`. */
export function bloomAt(core: ChainCore, height: number): Uint8Array {
  const filter = core.kv.get(bloomKey(headerAt(core, height).header.height))
  if (filter === undefined) throw noHeight(core, height)
  return filter
}

/** True when the chain has a receipt of this id. */
export function hasReceipt(core: ChainCore, id: CID): boolean {
  return core.kv.get(receiptKey(id)) !== undefined
}
