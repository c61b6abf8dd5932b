/** Finality certificates: who precommitted a block. */
import { asBytes, asMap, asUint, decode, digest, encode, membersOf, type CID } from '../codec/index.ts'
import { UtnetError } from '../errors.ts'
import { type Validator } from '../power/index.ts'

/** Precommits for one block, added up: it is final where they are of more than 2/3 of the power. */
export interface Certificate {
  readonly height: number
  readonly round: number
  readonly block: Uint8Array
  /** Bit i (least significant first) is validator i of the set. */
  readonly signers: Uint8Array
  /** Aggregate BLS signature in G2, 96 bytes. */
  readonly signature: Uint8Array
}

/** The two votes of a round (arXiv 1807.04938). */
export type VotePhase = 'prevote' | 'precommit'

/** What a vote signs: domain, chain id, height, round, phase, and the block's hash or null for none. */
export function voteMessage(chainId: CID, height: number, round: number, phase: VotePhase, block: Uint8Array | null): Uint8Array {
  return digest('vote', encode([chainId, height, round, phase, block]))
}

/** What a validator signs in the second phase for a block. */
export function precommitMessage(chainId: CID, height: number, round: number, block: Uint8Array): Uint8Array {
  return voteMessage(chainId, height, round, 'precommit', block)
}

/** Canonical bytes of a certificate. */
export function encodeCertificate(c: Certificate): Uint8Array {
  return encode({ height: c.height, round: c.round, block: c.block, signers: c.signers, signature: c.signature })
}

/** Hash of a certificate, as the next header names it. */
export function certificateHash(c: Certificate): Uint8Array {
  return digest('certificate', encodeCertificate(c))
}

/** The certificate of its bytes. */
export function decodeCertificate(bytes: Uint8Array): Certificate {
  const m = asMap(decode(bytes, 'certificate', 64 * 1024), ['height', 'round', 'block', 'signers', 'signature'], 'certificate')
  return {
    height: asUint(m['height'], 'height'),
    round: asUint(m['round'], 'round'),
    block: asBytes(m['block'], 'block', 32),
    signers: asBytes(m['signers'], 'signers'),
    signature: asBytes(m['signature'], 'signature', 96),
  }
}

/** The members whose bits are set; throws `chain_invalid` when the bit field has another length or bits beyond the set. */
export function signersOf(certificate: Pick<Certificate, 'signers'>, validators: readonly Validator[]): Validator[] {
  const { signers } = certificate
  const members = membersOf(signers, validators)
  if (members !== undefined) return members
  if (signers.length !== Math.ceil(validators.length / 8))
    throw new UtnetError('chain_invalid', 'bit field of the certificate does not fit the validator set')
  throw new UtnetError('chain_invalid', 'bit field of the certificate names nobody')
}
