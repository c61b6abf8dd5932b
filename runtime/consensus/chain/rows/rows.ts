/** The chain's rows in the key-value store. Pages and values of the tries have the first bytes n and v (trie/store/page-store.ts). */
import {
  asArray,
  asBytes,
  asUint,
  concatBytes,
  decode,
  decodeCertificate,
  decodeHeader,
  encode,
  encodeCertificate,
  encodeHeader,
  readTrieProof,
  trieProofCbor,
  utf8,
  type Cbor,
  type Certificate,
  type CID,
  type Header,
  type TrieProof,
} from '../../../core/index.ts'
import { bytesHeight, heightBytes, VERSION_BYTES, writeVersion } from '../../trie/index.ts'
import { outcomeCbor, readOutcome, type TxOutcome } from '../../tx/index.ts'

const prefix = (letter: string): Uint8Array => utf8(letter)
const HEADER = prefix('h')
const TXS = prefix('t')
const RESULTS = prefix('r')
const BLOOM = prefix('f')
const ROOTS = prefix('R')
const STALE = prefix('s')
const TX = prefix('x')
const RECEIPT = prefix('i')
const BATCH = prefix('a')
const NODE_PROOF = prefix('w')
const GUEST = prefix('g')
const VOTE = prefix('l')
const PRINTS = prefix('T')
const WINDOW = prefix('W')
const SET = prefix('S')
const DELTA = prefix('D')
const WORK = prefix('c')

/** Chain id and height of the head. */
export const HEAD_KEY: Uint8Array = utf8('m/head')
/** The block that this node voted for and has not committed. */
export const PENDING_KEY: Uint8Array = utf8('p/block')

/** Keys of rows by height: header and certificate, transactions, results, bloom filter. */
export const headerKey = (height: number): Uint8Array => concatBytes(HEADER, heightBytes(height))
export const txsKey = (height: number): Uint8Array => concatBytes(TXS, heightBytes(height))
export const resultsKey = (height: number): Uint8Array => concatBytes(RESULTS, heightBytes(height))
export const bloomKey = (height: number): Uint8Array => concatBytes(BLOOM, heightBytes(height))
/** Fingerprints of what each transaction of a block touched. */
export const printsKey = (height: number): Uint8Array => concatBytes(PRINTS, heightBytes(height))
/** Filter over a window of blocks. */
export const windowKey = (window: number): Uint8Array => concatBytes(WINDOW, heightBytes(window))
export const rootsKey = (height: number): Uint8Array => concatBytes(ROOTS, heightBytes(height))
/** Part `part` of the list of rows that the states from a height on do not need. */
export const staleKey = (height: number, part: number): Uint8Array => concatBytes(STALE, heightBytes(height), heightBytes(part))
export const workKey = (height: number): Uint8Array => concatBytes(WORK, heightBytes(height))
/** Keys of rows by id, node or name: where a transaction stands, a call's receipt, a batch, a node's proof, a guest. */
export const txKey = (id: CID): Uint8Array => concatBytes(TX, id.bytes)
export const receiptKey = (id: CID): Uint8Array => concatBytes(RECEIPT, id.bytes)
export const batchRowKey = (node: Uint8Array, thread: number, first: number): Uint8Array =>
  concatBytes(BATCH, node, utf8(`${thread}/`), heightBytes(first))
export const nodeProofKey = (node: Uint8Array, height: number): Uint8Array => concatBytes(NODE_PROOF, node, heightBytes(height))
export const guestKey = (name: string): Uint8Array => concatBytes(GUEST, utf8(name))
/** The set that begins in an epoch. */
export const setKey = (epoch: number): Uint8Array => concatBytes(SET, heightBytes(epoch))
/** What takes the set of an epoch to that of the next. */
export const deltaKey = (epoch: number): Uint8Array => concatBytes(DELTA, heightBytes(epoch))
export const voteKey = (bls: Uint8Array): Uint8Array => concatBytes(VOTE, bls)

/** What rows by height hold that a node keeps to give it to others, and can do without. */
const OF_BLOCKS: Readonly<Record<string, string>> = {
  h: 'header and certificate',
  t: 'transactions',
  r: 'results',
  f: 'filter bits',
  c: 'proofs',
  T: 'fingerprints',
}
const OTHERS: Readonly<Record<string, string>> = {
  n: 'a page of the state',
  v: 'a value of the state',
  m: 'the mark of the head',
  R: 'a row of state roots',
  S: 'the set of an epoch',
  l: 'the note of what was signed',
  p: 'the block that was voted for',
}

/** What the row of a key is, and of which block, where it is of one. */
export function rowName(key: Uint8Array): { readonly name: string; readonly height: number | undefined } {
  const letter = String.fromCharCode(key[0] ?? 0)
  const ofBlock = OF_BLOCKS[letter]
  return ofBlock === undefined
    ? { name: OTHERS[letter] ?? 'a row of the chain', height: undefined }
    : { name: ofBlock, height: bytesHeight(key, 1) }
}

/** All names lie between these. */
export const GUEST_RANGE: readonly [Uint8Array, Uint8Array] = [GUEST, prefix('h')]

/** Where a leaf or a transaction stands. */
export interface Place {
  readonly height: number
  readonly index: number
}

export function encodePlace(p: Place): Uint8Array {
  const out = new Uint8Array(2 * VERSION_BYTES)
  writeVersion(out, 0, p.height)
  writeVersion(out, VERSION_BYTES, p.index)
  return out
}

export function decodePlace(bytes: Uint8Array): Place {
  return { height: bytesHeight(bytes), index: bytesHeight(bytes, 6) }
}

export interface Head {
  readonly chainId: Uint8Array
  readonly height: number
}

export function encodeHead(h: Head): Uint8Array {
  return encode([h.chainId, h.height])
}

export function decodeHead(bytes: Uint8Array): Head {
  const list = asArray(decode(bytes, 'head row', 256), 'head row', 2)
  return { chainId: asBytes(list[0], 'chain id'), height: asUint(list[1], 'height') }
}

/** Row of a final header. */
export interface FinalHeaderRow {
  readonly header: Header
  /** Null for block 0. */
  readonly certificate: Certificate | null
}

export function encodeHeaderRow(row: FinalHeaderRow): Uint8Array {
  return encode([encodeHeader(row.header), row.certificate === null ? null : encodeCertificate(row.certificate)])
}

export function decodeHeaderRow(bytes: Uint8Array): FinalHeaderRow {
  const list = asArray(decode(bytes, 'header row'), 'header row', 2)
  return {
    header: decodeHeader(asBytes(list[0], 'header')),
    certificate: list[1] === null ? null : decodeCertificate(asBytes(list[1], 'certificate')),
  }
}

const bytesList = (value: Uint8Array, what: string): Uint8Array[] => asArray(decode(value, what), what).map((item) => asBytes(item, what))

/** A list of byte strings. */
export function encodeList(list: readonly Uint8Array[]): Uint8Array {
  return encode([...list])
}

/** The list of its bytes. */
export function decodeList(bytes: Uint8Array, what: string): Uint8Array[] {
  return bytesList(bytes, what)
}

/** Row of what the transactions of a block did, in their order. */
export interface Results {
  readonly outcomes: readonly TxOutcome[]
  /** Leaves of the receipt tree. */
  readonly leaves: readonly Uint8Array[]
}

export function encodeResults(r: Results): Uint8Array {
  return encode([r.outcomes.map(outcomeCbor), [...r.leaves]])
}

export function decodeResults(bytes: Uint8Array): Results {
  const list = asArray(decode(bytes, 'block results'), 'block results', 2)
  return {
    outcomes: asArray(list[0], 'outcomes').map(readOutcome),
    leaves: asArray(list[1], 'leaves').map((leaf) => asBytes(leaf, 'leaf')),
  }
}

/** A node's account with the proof that leads to the accounts root of a header. */
export interface NodeProof {
  /** Bytes of the account. */
  readonly account: Uint8Array
  readonly proof: TrieProof
}

export function encodeNodeProof(p: NodeProof): Uint8Array {
  return encode([p.account, trieProofCbor(p.proof)])
}

export function decodeNodeProof(bytes: Uint8Array): NodeProof {
  const list = asArray(decode(bytes, 'node proof'), 'node proof', 2)
  return { account: asBytes(list[0], 'account'), proof: readTrieProof(list[1]) }
}

/** Row of the last vote that a key (BLS, 48 bytes) of this node gave. */
export interface VoteRow {
  readonly height: number
  readonly round: number
  readonly block: Uint8Array
}

export function encodeVote(v: VoteRow): Uint8Array {
  return encode([v.height, v.round, v.block])
}

export function decodeVote(bytes: Uint8Array): VoteRow {
  const list = asArray(decode(bytes, 'vote row', 256), 'vote row', 3)
  return { height: asUint(list[0], 'height'), round: asUint(list[1], 'round'), block: asBytes(list[2], 'block', 32) }
}

/** What a block carries beside its transactions. */
export interface BlockWork {
  /** What the proposer's chips answered (cat/cat.ts); no bytes where it shows none. */
  readonly cat: Uint8Array
  /** Verdicts on blocks before it (cat/verdict.ts). */
  readonly verdicts: readonly Uint8Array[]
}

const workCbor = (w: BlockWork): Cbor[] => [w.cat, [...w.verdicts]]

const readWork = (cat: Cbor | undefined, verdicts: Cbor | undefined): BlockWork => ({
  cat: asBytes(cat, 'CAT'),
  verdicts: asArray(verdicts, 'verdicts').map((v) => asBytes(v, 'verdict')),
})

export function encodeWork(w: BlockWork): Uint8Array {
  return encode(workCbor(w))
}

export function decodeWork(bytes: Uint8Array): BlockWork {
  const list = asArray(decode(bytes, 'work of a block'), 'work of a block', 2)
  return readWork(list[0], list[1])
}

/** A block as it travels: its header, its transactions' wire bytes, its proofs. */
export interface Block extends BlockWork {
  readonly header: Header
  readonly txs: readonly Uint8Array[]
}

/** Canonical bytes of a block. */
export function encodeBlock(b: Block): Uint8Array {
  return encode([encodeHeader(b.header), [...b.txs], ...workCbor(b)])
}

/** The block of its bytes. */
export function decodeBlock(bytes: Uint8Array): Block {
  const list = asArray(decode(bytes, 'block'), 'block', 4)
  return {
    header: decodeHeader(asBytes(list[0], 'header')),
    txs: asArray(list[1], 'transactions').map((tx) => asBytes(tx, 'transaction')),
    ...readWork(list[2], list[3]),
  }
}
