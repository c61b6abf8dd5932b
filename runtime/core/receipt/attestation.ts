/** What ties a receipt to its node and to a block: batch statements, attestations, anchors, and their leaves. */
import {
  abytes,
  asArray,
  asBytes,
  asMap,
  asUint,
  domain,
  encode,
  MAP,
  putBytes,
  putHead,
  putText,
  UINT,
  type Cbor,
  type CID,
} from '../codec/index.ts'
import { UtnetError } from '../errors.ts'
import { leafHash, verifyInclusion } from '../trees/index.ts'

/** Deeper than any tree of a block, and its index still a safe integer. */
const MAX_PATH = 52

/** A node's statement over consecutive receipts of one thread: names its predecessor, so none can be left out unseen. */
export interface BatchStatement {
  readonly node: Uint8Array
  readonly thread: number
  /** `seq` of the first receipt. */
  readonly first: number
  readonly size: number
  /** Root of the batch before, 32 zero bytes for the first. */
  readonly prev: Uint8Array
  /** Merkle root over the receipt bodies' bytes. */
  readonly root: Uint8Array
}

/** What stands beside a receipt: the path to its batch's root and the node's signature of the batch. */
export interface Attestation {
  readonly batch: BatchStatement
  readonly index: number
  readonly path: readonly Uint8Array[]
  /** ed25519 over `batchMessage`. */
  readonly sig: Uint8Array
}

/** Path from the batch (or, of a call, from the body) to the receipt root of a final block's header. */
export interface Anchor {
  readonly height: number
  /** On which sides the siblings of the path stand (`pathSides`): what a root binds, where it binds neither a leaf's number nor how many there are. */
  readonly index: number
  readonly path: readonly Uint8Array[]
}

/** Bytes of a batch statement: with the signature, what a block anchors. */
export function encodeBatch(batch: BatchStatement): Uint8Array {
  const bytes = new Uint8Array(BATCH_ROOM + batch.node.length + batch.prev.length + batch.root.length)
  return bytes.slice(0, putBatch(bytes, 0, batch))
}

/** A statement without its three byte strings takes at most this. */
const BATCH_ROOM = 128

/** What a node signs of a batch: domain `utnet/batch/1\0`, the chain's id and the statement's bytes. A key may work on two chains, and what it signs for one is nothing on the other. */
export function batchMessage(chainId: CID, batch: BatchStatement): Uint8Array {
  const prefix = domain('batch')
  const at = prefix.length + chainId.bytes.length
  const bytes = new Uint8Array(at + BATCH_ROOM + batch.node.length + batch.prev.length + batch.root.length)
  bytes.set(prefix)
  bytes.set(chainId.bytes, prefix.length)
  return bytes.subarray(0, putBatch(bytes, at, batch))
}

/** Writes a statement: the bytes of `encodeBatch`. */
export function putBatch(into: Uint8Array, at: number, { node, thread, first, size, prev, root }: BatchStatement): number {
  let to = putBytes(into, putText(into, putHead(into, at, MAP, 6), 'node'), node)
  to = putBytes(into, putText(into, to, 'prev'), prev)
  to = putBytes(into, putText(into, to, 'root'), root)
  to = putHead(into, putText(into, to, 'size'), UINT, size)
  to = putHead(into, putText(into, to, 'first'), UINT, first)
  return putHead(into, putText(into, to, 'thread'), UINT, thread)
}

/** The leaf of a batch in a block's receipt tree: its statement and signature. */
export function batchLeaf(batch: BatchStatement, sig: Uint8Array): Uint8Array {
  return encode(['batch', encodeBatch(batch), abytes(sig, 64, 'signature')])
}

/** The leaf of a call in a block's receipt tree. */
export function callLeaf(bodyBytes: Uint8Array): Uint8Array {
  return encode(['call', bodyBytes])
}

/** The statement of a decoded value. */
export function readBatch(value: Cbor | undefined): BatchStatement {
  const map = asMap(value, ['node', 'thread', 'first', 'size', 'prev', 'root'], 'batch')
  return {
    node: asBytes(map['node'], 'batch node', 32),
    thread: asUint(map['thread'], 'batch thread'),
    first: asUint(map['first'], 'batch first'),
    size: asUint(map['size'], 'batch size'),
    prev: asBytes(map['prev'], 'batch prev', 32),
    root: asBytes(map['root'], 'batch root', 32),
  }
}

const hashes = (value: Cbor | undefined, what: string): Uint8Array[] => {
  const list = asArray(value, what)
  if (list.length > 64) throw new UtnetError('core_not_canonical', `${what} is longer than any tree is deep`)
  return list.map((h) => asBytes(h, what, 32))
}

/** Canonical value of an attestation (also what the `att` parameter of the receipt header carries, encoded). */
export function attestationCbor(a: Attestation): Cbor {
  const { node, thread, first, size, prev, root } = a.batch
  return { batch: { node, thread, first, size, prev, root }, index: a.index, path: [...a.path], sig: a.sig }
}

/** The attestation of a decoded value. */
export function readAttestation(value: Cbor | undefined): Attestation {
  const map = asMap(value, ['batch', 'index', 'path', 'sig'], 'attestation')
  return {
    batch: readBatch(map['batch']),
    index: asUint(map['index'], 'index'),
    path: hashes(map['path'], 'path'),
    sig: asBytes(map['sig'], 'sig', 64),
  }
}

/** Canonical value of an anchor. */
export function anchorCbor(a: Anchor): Cbor {
  return { height: a.height, index: a.index, path: [...a.path] }
}

/** An anchor of its parts; throws `core_not_canonical` where the index has more bits than the path has siblings. */
export function anAnchor(height: number, index: number, path: readonly Uint8Array[]): Anchor {
  if (path.length > MAX_PATH || index >= 2 ** path.length)
    throw new UtnetError('core_not_canonical', `index ${index} has more bits than a path of ${path.length} has siblings`)
  return { height, index, path }
}

/** True when the path leads from the leaf's hash to the receipt root. */
export function verifyAnchor(leaf: Uint8Array, anchor: Anchor, receiptRoot: Uint8Array): boolean {
  return verifyInclusion(leafHash(leaf), anchor.index, 2 ** anchor.path.length, anchor.path, receiptRoot)
}

/** The anchor of a decoded value. */
export function readAnchor(value: Cbor | undefined): Anchor {
  const map = asMap(value, ['height', 'index', 'path'], 'anchor')
  return anAnchor(asUint(map['height'], 'height'), asUint(map['index'], 'index'), hashes(map['path'], 'path'))
}
