/** Messages as bytes. Canonical dag-cbor; what is not exactly a message is refused here, before anything is checked. */
import { asArray, asBytes, asText, asUint, decode, encode, fromHex, LIMITS, toHex, UtnetError, type Cbor } from '../../core/index.ts'
import type { Message, Quorum } from './messages.ts'
import { quorumCbor, readQuorum } from './signed-row.ts'

/** A payload within the block's limits, and what a message has beside it. */
const MESSAGE_BYTES = LIMITS.blockTxBytes + 2 * 1_024 * 1_024

function messageCbor(m: Message): Cbor {
  switch (m.kind) {
    case 'vote':
      return ['vote', m.height, m.round, m.phase, m.block === null ? null : fromHex(m.block), m.voter, m.signature]
    case 'proposal': {
      const lock = m.lock === null ? null : quorumCbor(m.lock)
      return ['proposal', m.height, m.round, m.validRound + 1, fromHex(m.block), m.proposer, m.payload, lock, m.signature]
    }
    case 'lock':
      return ['lock', quorumCbor(m.quorum), m.payload]
    case 'final':
      return ['final', quorumCbor(m.certificate), m.payload]
    case 'verdict':
      return ['verdict', m.height, fromHex(m.block), m.ok, m.voter, m.signature]
    case 'lack':
      return ['lack', m.height, m.have]
    case 'want':
      return ['want', m.height]
  }
}

/** Canonical bytes of a message. */
export function encodeMessage(message: Message): Uint8Array {
  return encode(messageCbor(message))
}

const blockId = (value: Cbor | undefined): string => toHex(asBytes(value, 'block', 32))

/** The message of its bytes; throws `core_not_canonical` or `core_too_large`: an offence of the sender. */
export function decodeMessage(bytes: Uint8Array): Message {
  const all = asArray(decode(bytes, 'message', MESSAGE_BYTES), 'message')
  const kind = asText(all[0], 'kind')
  const fields = (count: number): readonly Cbor[] => asArray(all, kind, count + 1)
  switch (kind) {
    case 'vote': {
      const l = fields(6)
      const phase = l[3]
      if (phase !== 'prevote' && phase !== 'precommit') throw new UtnetError('core_not_canonical', 'vote is of an unknown phase')
      return {
        kind,
        height: asUint(l[1], 'height'),
        round: asUint(l[2], 'round'),
        phase,
        block: l[4] === null ? null : blockId(l[4]),
        voter: asUint(l[5], 'voter'),
        signature: asBytes(l[6], 'signature', 96),
      }
    }
    case 'proposal': {
      const l = fields(8)
      return {
        kind,
        height: asUint(l[1], 'height'),
        round: asUint(l[2], 'round'),
        validRound: asUint(l[3], 'valid round') - 1,
        block: blockId(l[4]),
        proposer: asUint(l[5], 'proposer'),
        payload: asBytes(l[6], 'payload'),
        lock: l[7] === null ? null : readQuorum(l[7]),
        signature: asBytes(l[8], 'signature', 64),
      }
    }
    case 'lock':
    case 'final': {
      const l = fields(2)
      const quorum: Quorum = readQuorum(l[1])
      const payload = asBytes(l[2], 'payload')
      return kind === 'lock' ? { kind, quorum, payload } : { kind, certificate: quorum, payload }
    }
    case 'verdict': {
      const l = fields(5)
      const ok = l[3]
      if (typeof ok !== 'boolean') throw new UtnetError('core_not_canonical', 'a verdict must be true or false')
      return {
        kind,
        height: asUint(l[1], 'height'),
        block: blockId(l[2]),
        ok,
        voter: asUint(l[4], 'voter'),
        signature: asBytes(l[5], 'signature', 96),
      }
    }
    case 'lack': {
      const l = fields(2)
      return { kind, height: asUint(l[1], 'height'), have: asBytes(l[2], 'have') }
    }
    case 'want':
      return { kind, height: asUint(fields(1)[1], 'height') }
    default:
      throw new UtnetError('core_not_canonical', 'message is of an unknown kind')
  }
}
