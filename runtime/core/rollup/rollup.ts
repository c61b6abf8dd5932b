/**
 * The rollup of receipts (U3.3-ROL-1): what is said against an anchored batch, and the rules by which anybody finds a leaf wrong. docs/spec/rollup.md
 */
import { decodeReceipt, encodeBatch, readBatch, type BatchStatement } from '../receipt/index.ts'
import { asArray, asBytes, asCid, asMap, asText, asUint, digest, encode, equalBytes, type Cbor, type CID } from '../codec/index.ts'
import { isUtnetError, UtnetError } from '../errors.ts'
import { leafHash } from '../trees/index.ts'
import { paramsOf } from '../params.ts'

/** Deeper than any batch or anchor. */
const PATH_MAX = 52

/** A leaf of a batch with its path to the batch's root. */
export interface ShownLeaf {
  readonly index: number
  readonly leaf: Uint8Array
  readonly path: readonly Uint8Array[]
}

/** What is wrong with a batch. */
export type Claim =
  /** A leaf breaks a rule that the chain checks by itself (`leafFault`). */
  | ({ readonly kind: 'leaf' } & ShownLeaf)
  /** The node signed another batch of the same thread over some of the same numbers. */
  | { readonly kind: 'twice'; readonly batch: BatchStatement; readonly sig: Uint8Array }
  /** More than half of the power found the run behind a leaf wrong, by the transcript of a dispute: that takes running it, which the chain does not. */
  | ({
      readonly kind: 'verdict'
      /** Digest of the transcript. */
      readonly transcript: Uint8Array
      /** Bit i (least significant first) is validator i of the set. */
      readonly signers: Uint8Array
      /** Aggregate BLS signature of `verdictMessage`, 96 bytes. */
      readonly signature: Uint8Array
    } & ShownLeaf)
  /** A leaf is not to be had: the node must show it within `ROLLUP.answerBlocks`, or loses. */
  | { readonly kind: 'unavailable'; readonly index: number }

/** Which batch is meant: number `at` of those that the transaction `anchor` anchored, with its path to the anchor's root. */
export interface AnchoredBatch {
  readonly anchor: CID
  readonly at: number
  readonly batch: BatchStatement
  readonly sig: Uint8Array
  readonly path: readonly Uint8Array[]
}

/** Answer to a demand. */
export interface Reveal {
  /** `demandId`. */
  readonly demand: Uint8Array
  readonly leaf: Uint8Array
  readonly path: readonly Uint8Array[]
}

/** A path of hashes. */
export function readPath(value: Cbor | undefined): Uint8Array[] {
  const list = asArray(value, 'path')
  if (list.length > PATH_MAX) throw new UtnetError('core_not_canonical', 'path is longer than any tree is deep')
  return list.map((hash) => asBytes(hash, 'path', 32))
}

/** Canonical value of a claim. */
export function claimCbor(c: Claim): Cbor {
  switch (c.kind) {
    case 'leaf':
      return { kind: c.kind, index: c.index, leaf: c.leaf, path: [...c.path] }
    case 'twice':
      return { kind: c.kind, batch: { ...c.batch }, sig: c.sig }
    case 'verdict': {
      const { kind, index, leaf, path, transcript, signers, signature } = c
      return { kind, index, leaf, path: [...path], transcript, signers, signature }
    }
    case 'unavailable':
      return { kind: c.kind, index: c.index }
  }
}

/** The claim of a decoded value. */
export function readClaim(value: Cbor | undefined): Claim {
  const kind = asText((value as { kind?: Cbor } | null | undefined)?.kind, 'kind of a claim')
  const shown = (m: Readonly<Record<string, Cbor>>): ShownLeaf => ({
    index: asUint(m['index'], 'index'),
    leaf: asBytes(m['leaf'], 'leaf'),
    path: readPath(m['path']),
  })
  switch (kind) {
    case 'leaf':
      return { kind, ...shown(asMap(value, ['kind', 'index', 'leaf', 'path'], 'claim')) }
    case 'twice': {
      const m = asMap(value, ['kind', 'batch', 'sig'], 'claim')
      return { kind, batch: readBatch(m['batch']), sig: asBytes(m['sig'], 'sig', 64) }
    }
    case 'verdict': {
      const m = asMap(value, ['kind', 'index', 'leaf', 'path', 'transcript', 'signers', 'signature'], 'claim')
      return {
        kind,
        ...shown(m),
        transcript: asBytes(m['transcript'], 'transcript', 32),
        signers: asBytes(m['signers'], 'signers'),
        signature: asBytes(m['signature'], 'signature', 96),
      }
    }
    case 'unavailable':
      return { kind, index: asUint(asMap(value, ['kind', 'index'], 'claim')['index'], 'index') }
    default:
      throw new UtnetError('core_not_canonical', `a claim of kind ${kind.slice(0, 40)} is not known`)
  }
}

/** Canonical value of an anchored batch. */
export function anchoredCbor(a: AnchoredBatch): Cbor {
  return { anchor: a.anchor, at: a.at, batch: { ...a.batch }, sig: a.sig, path: [...a.path] }
}

/** The anchored batch of a decoded value. */
export function readAnchored(value: Cbor | undefined): AnchoredBatch {
  const m = asMap(value, ['anchor', 'at', 'batch', 'sig', 'path'], 'anchored batch')
  return {
    anchor: asCid(m['anchor'], 'anchor'),
    at: asUint(m['at'], 'at'),
    batch: readBatch(m['batch']),
    sig: asBytes(m['sig'], 'sig', 64),
    path: readPath(m['path']),
  }
}

/** Canonical value of a reveal. */
export function revealCbor(r: Reveal): Cbor {
  return { demand: r.demand, leaf: r.leaf, path: [...r.path] }
}

/** The reveal of a decoded value. */
export function readReveal(value: Cbor | undefined): Reveal {
  const m = asMap(value, ['demand', 'leaf', 'path'], 'reveal')
  return { demand: asBytes(m['demand'], 'demand', 32), leaf: asBytes(m['leaf'], 'leaf'), path: readPath(m['path']) }
}

/** Name of the demand for leaf `index` of an anchored batch. */
export function demandId(anchor: CID, at: number, index: number): Uint8Array {
  return digest('demand', encode([anchor, at, index]))
}

/** What a validator signs who found by a transcript that a leaf's run is wrong. */
export function verdictMessage(
  chainId: CID,
  { anchor, at }: AnchoredBatch,
  { index, leaf }: ShownLeaf,
  transcript: Uint8Array,
): Uint8Array {
  return digest('refute-verdict', encode([chainId, anchor, at, index, leafHash(leaf), transcript]))
}

/** Where and when a batch was anchored. */
export interface AnchoredAt {
  readonly chainId: CID
  readonly height: number
  /** Time of that block, in milliseconds since 1970. */
  readonly time: number
}

/**
 * Why leaf `index` of a batch is wrong; undefined when no rule is broken: it must be the canonical body of a receipt of one node's run, by the batch's node
 * and thread, with its own number, of this chain, of a block before the anchor and of a time not behind it. The signature is not part of a leaf: it is
 * over the batch, and checked when that is anchored, as is the predecessor.
 */
export function leafFault(
  leaf: Uint8Array,
  batch: BatchStatement,
  index: number,
  { chainId, height, time }: AnchoredAt,
): string | undefined {
  let body
  try {
    body = decodeReceipt(leaf)
  } catch (error) {
    if (!isUtnetError(error)) throw error
    return 'it is not the canonical body of a receipt'
  }
  if (body.kind === 'call') return 'it is the receipt of a call, which no node issues'
  if (!equalBytes(body.node, batch.node)) return 'it names another node'
  if (body.thread !== batch.thread) return `it names thread ${body.thread}, the batch is of ${batch.thread}`
  if (body.seq !== batch.first + index) return `it has number ${body.seq} at the place of ${batch.first + index}`
  if (!body.context.chainId.equals(chainId)) return 'it is of another chain'
  if (paramsOf(body.protocol) === undefined) return `it is of protocol ${body.protocol}, which is not known`
  if (body.context.height >= height) return `it names block ${body.context.height}, which is not before the anchor ${height}`
  if (body.context.time > time) return 'its time is behind that of the block that anchors it'
  return undefined
}

/** True when two different statements of one thread speak of a same number. */
export function contradict(a: BatchStatement, b: BatchStatement): boolean {
  if (!equalBytes(a.node, b.node) || a.thread !== b.thread || equalBytes(encodeBatch(a), encodeBatch(b))) return false
  return a.first < b.first + b.size && b.first < a.first + a.size
}
