/** Verdicts: validators run the sampled operator again after the block is final, and say whether its result holds. */
import { asArray, asBytes, asUint, decode, digest, encode, LIMITS, UtnetError, type CID } from '../../core/index.ts'

/** A block's work may be judged in so many blocks behind it (FORMATS: by h + 8). */
export const VERDICT_BLOCKS = 8

/**
 * What a validator signs with its vote key, BLS: digest("cat-verdict", [chain id, height, block hash, ok, result]). `result` is the one that it came to, and the block
 * that is judged shows a digest of it only: who has not run the operator does not know what to sign, and learns it from nobody's signature.
 */
export function verdictMessage(chainId: CID, height: number, block: Uint8Array, ok: boolean, result: Uint8Array): Uint8Array {
  return digest('cat-verdict', encode([chainId, height, block, ok, result]))
}

/** A vote as validators send it to each other. */
export interface VerdictVote {
  readonly height: number
  /** Hash of the final block of the height, 32 bytes. */
  readonly block: Uint8Array
  readonly ok: boolean
  /** Place in the set of the height. */
  readonly voter: number
  /** BLS, 96 bytes. */
  readonly signature: Uint8Array
}

/** Votes of one kind on one height, of more than half of its power, as a block carries them. The block that they are of is the final one of that height. */
export interface BlockVerdict {
  readonly height: number
  readonly ok: boolean
  /** What all of them came to, 32 bytes: told here for the first time, so no vote counts behind it. */
  readonly result: Uint8Array
  /** Bit i (least significant first) is member i of the set of that height. */
  readonly signers: Uint8Array
  /** Aggregate, 96 bytes. */
  readonly signature: Uint8Array
}

/** Canonical bytes: [height, ok, result, signers, signature]. */
export function encodeBlockVerdict(v: BlockVerdict): Uint8Array {
  return encode([v.height, v.ok, v.result, v.signers, v.signature])
}

/** The verdict of its bytes; throws `core_not_canonical` or `core_too_large`. */
export function decodeBlockVerdict(bytes: Uint8Array): BlockVerdict {
  const list = asArray(decode(bytes, 'verdict', LIMITS.blockVerdictBytes), 'verdict', 5)
  const ok = list[1]
  if (typeof ok !== 'boolean') throw new UtnetError('core_not_canonical', 'a verdict must be true or false')
  return {
    height: asUint(list[0], 'height'),
    ok,
    result: asBytes(list[2], 'result', 32),
    signers: asBytes(list[3], 'signers'),
    signature: asBytes(list[4], 'signature', 96),
  }
}

/** What a header says of the list: Mixhash (U3.2-BLK-1). */
export function verdictsDigest(verdicts: readonly Uint8Array[]): Uint8Array {
  return digest('verdicts', encode([...verdicts]))
}
