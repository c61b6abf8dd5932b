/** What the chain needs of cryptography. Both doors of runtime/crypto fit: the native one on a node, the portable one elsewhere. */
import type { IdentityKey, SignatureCheck, Validator } from '../core/index.ts'

export interface ChainCrypto {
  verifyEd25519(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean
  /** The same of many, in their order, perhaps by other threads; where it is missing they are checked one by one. */
  readonly verifyEd25519Many?: (checks: readonly SignatureCheck[]) => readonly boolean[] | Promise<readonly boolean[]>
  /** The 64 bytes of ECVRF output of a valid proof, else undefined (RFC 9381, EDWARDS25519-SHA512-ELL2). */
  vrfVerify(key: Uint8Array, alpha: Uint8Array, proof: Uint8Array): Uint8Array | undefined
  /** The output that a proof stands for, unverified; undefined for malformed bytes. */
  vrfOutput(proof: Uint8Array): Uint8Array | undefined
  blsFastAggregateVerify(signature: Uint8Array, message: Uint8Array, keys: readonly Uint8Array[]): boolean
  /** True when each signature is valid for its message under its key, not only their sum. Keys have shown possession. */
  blsVerifyAll(checks: readonly SignatureCheck[]): boolean
  /** A signature (64 bytes) by a chip's identity key. */
  verifyIdentity(signature: Uint8Array, message: Uint8Array, key: IdentityKey): boolean
  /** Sum of BLS keys (48 bytes) with one key more, or less; both are points of the group. */
  blsChangeKeySum(sum: Uint8Array, key: Uint8Array, change: 'add' | 'subtract'): Uint8Array
  blsAggregate(signatures: readonly Uint8Array[]): Uint8Array
  /** True when the member's proof shows possession of its vote key (against rogue keys). */
  verifyValidator(validator: Validator): boolean
}

/** Who proposes: its node key and the VRF under it. */
export interface Proposer {
  readonly key: Uint8Array
  /** ECVRF proof over `alpha`, 80 bytes. */
  vrfProve(alpha: Uint8Array): Uint8Array
}

/** Who votes: its vote key, and the signature under it. The secret stays behind this port. */
export interface Voter {
  readonly bls: Uint8Array
  /** BLS12-381 signature, 96 bytes. */
  sign(message: Uint8Array): Uint8Array
  /** It outlives this process and signs no second block of a height and round: what it is to sign must be durable first, to be finished behind a crash. */
  readonly remembers?: boolean
}
