/** What a validator has signed at its height, durable before the signature leaves (double-sign protection, U7.2-DBL-1), with its lock. */
import { asArray, asBytes, asUint, decode, encode, fromHex, toHex, UtnetError, utf8, type Cbor } from '../../core/index.ts'
import type { BlockId, Quorum, Vote } from './messages.ts'

/** One row, replaced at each signature. */
export interface SignedRow {
  readonly height: number
  readonly round: number
  /** Signed in this round; undefined before. */
  readonly proposal: { readonly block: BlockId; readonly validRound: number; readonly payload: Uint8Array } | undefined
  readonly prevote: BlockId | null | undefined
  readonly precommit: BlockId | null | undefined
  readonly locked: { readonly round: number; readonly block: BlockId } | undefined
  /** The prevotes by which the newest block may be proposed again, and that block. */
  readonly valid: { readonly quorum: Quorum; readonly payload: Uint8Array } | undefined
  /** The precommits that ended the round before: by them others may be led out of it. Empty in round 0, and where something else led into this one. */
  readonly before: readonly Vote[]
}

/** Where the row lies in the node's store; one node runs one vote key. */
export const SIGNED_KEY: Uint8Array = utf8('l/bft')

const VERSION = 2
const MAX_BYTES = 64 * 1024 * 1024

const blockCbor = (b: BlockId | null): Cbor => (b === null ? null : fromHex(b))
const readBlock = (value: Cbor | undefined, what: string): BlockId => toHex(asBytes(value, what, 32))
/** Undefined is an empty list, so that null stays a vote for none. */
const maybe = <T>(value: T | undefined, put: (v: T) => Cbor): Cbor => (value === undefined ? [] : [put(value)])

function readMaybe<T>(value: Cbor | undefined, what: string, read: (v: Cbor | undefined) => T): T | undefined {
  const list = asArray(value, what)
  if (list.length > 1) throw new UtnetError('core_not_canonical', `${what} must have at most one item`)
  return list.length === 0 ? undefined : read(list[0])
}

/** A quorum as CBOR. */
export function quorumCbor(q: Quorum): Cbor {
  return [q.height, q.round, q.phase, fromHex(q.block), q.signers, q.signature]
}

/** The quorum of its CBOR. */
export function readQuorum(value: Cbor | undefined): Quorum {
  const l = asArray(value, 'quorum', 6)
  const phase = l[2]
  if (phase !== 'prevote' && phase !== 'precommit') throw new UtnetError('core_not_canonical', 'quorum is of an unknown phase')
  return {
    height: asUint(l[0], 'height'),
    round: asUint(l[1], 'round'),
    phase,
    block: readBlock(l[3], 'block'),
    signers: asBytes(l[4], 'signers'),
    signature: asBytes(l[5], 'signature', 96),
  }
}

/** Canonical bytes. */
export function encodeSignedRow(r: SignedRow): Uint8Array {
  return encode([
    VERSION,
    r.height,
    r.round,
    maybe(r.proposal, (p) => [fromHex(p.block), p.validRound + 1, p.payload]),
    maybe(r.prevote, blockCbor),
    maybe(r.precommit, blockCbor),
    maybe(r.locked, (l) => [l.round, fromHex(l.block)]),
    maybe(r.valid, (v) => [quorumCbor(v.quorum), v.payload]),
    r.before.map((v) => [v.voter, blockCbor(v.block), v.signature]),
  ])
}

/** The row of its bytes. */
export function decodeSignedRow(bytes: Uint8Array): SignedRow {
  const l = asArray(decode(bytes, 'signed row', MAX_BYTES), 'signed row', 9)
  if (l[0] !== VERSION) throw new UtnetError('core_not_canonical', 'signed row is of an unknown version')
  const vote = (value: Cbor | undefined): BlockId | null => (value === null ? null : readBlock(value, 'vote'))
  const height = asUint(l[1], 'height')
  const round = asUint(l[2], 'round')
  return {
    height,
    round,
    proposal: readMaybe(l[3], 'proposal', (v) => {
      const p = asArray(v, 'proposal', 3)
      return { block: readBlock(p[0], 'block'), validRound: asUint(p[1], 'valid round') - 1, payload: asBytes(p[2], 'payload') }
    }),
    prevote: readMaybe(l[4], 'prevote', vote),
    precommit: readMaybe(l[5], 'precommit', vote),
    locked: readMaybe(l[6], 'locked', (v) => {
      const p = asArray(v, 'locked', 2)
      return { round: asUint(p[0], 'round'), block: readBlock(p[1], 'block') }
    }),
    valid: readMaybe(l[7], 'valid', (v) => {
      const p = asArray(v, 'valid', 2)
      return { quorum: readQuorum(p[0]), payload: asBytes(p[1], 'payload') }
    }),
    before: asArray(l[8], 'before').map((v) => {
      const [voter, block, signature] = asArray(v, 'precommit', 3)
      const body = { height, round: round - 1, phase: 'precommit', block: vote(block) } as const
      return { kind: 'vote', ...body, voter: asUint(voter, 'voter'), signature: asBytes(signature, 'signature', 96) }
    }),
  }
}
