/** Finality: more than two thirds of a validator set's power precommitted one block. */
import { equalBytes, precommitMessage, signersOf, UtnetError, type Certificate, type CID, type Validator } from '../core/index.ts'

/** The block that a certificate must be of. */
export interface CertifiedBlock {
  readonly chainId: CID
  readonly height: number
  /** Round that the header names: that of its proposal. A locked block may be certified in a later round, never an earlier one. */
  readonly round: number
  /** Hash of the header, 32 bytes. */
  readonly blockHash: Uint8Array
}

/**
 * Whether `sig` (96 bytes) is the sum of one signature of `message` by each of the keys (48 bytes), all proven possessed
 * (draft-irtf-cfrg-bls-signature, 3.3.4).
 */
export type FastAggregateVerify = (sig: Uint8Array, message: Uint8Array, keys: readonly Uint8Array[]) => boolean

/**
 * Checks a certificate under the validator set that the previous epoch committed, in its order. Returns the power that signed; throws
 * `chain_invalid` with the reason: another block, height or an earlier round, a bit field that does not fit the set, power of two thirds or less,
 * or a bad aggregate. The set's keys must have been admitted by `verifyValidator`.
 */
export function checkCertificate(
  block: CertifiedBlock,
  certificate: Certificate,
  validators: readonly Validator[],
  fastAggregateVerify: FastAggregateVerify,
): bigint {
  const refuse = (why: string) => new UtnetError('chain_invalid', `certificate of height ${block.height}: ${why}`)
  if (certificate.height !== block.height) throw refuse(`it is of height ${certificate.height}`)
  if (certificate.round < block.round) throw refuse(`round ${certificate.round} is before the block's round ${block.round}`)
  if (!equalBytes(certificate.block, block.blockHash)) throw refuse('it is of another block')
  const signers = signersOf(certificate, validators)
  const power = powerOf(signers)
  const total = powerOf(validators)
  if (power * 3n <= total * 2n) throw refuse(`power ${power} of ${total} signed; more than two thirds is needed`)
  const message = precommitMessage(block.chainId, certificate.height, certificate.round, certificate.block)
  if (
    !fastAggregateVerify(
      certificate.signature,
      message,
      signers.map((v) => v.bls),
    )
  )
    throw refuse('the aggregate signature is not valid')
  return power
}

function powerOf(set: readonly Validator[]): bigint {
  return set.reduce((n, v) => n + BigInt(v.power), 0n)
}
