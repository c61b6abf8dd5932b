/**
 * A chip: a unit of compute power with a serial, an identity key that works in its security engine alone, and a BLS key that answers for it in sums.
 * White paper 2.4: PubK = P x PriK (3), PriKEnc = A_E(S, PriK) (4), PriK = A_D(S, PriKEnc) (5), E = ECC_E(A_D(S, PriKEnc)) over m (6, 7), m = ECC_V(PubK) over E (8, 9).
 */
import type { ChipCertificate, IdentityKey } from '../core/index.ts'

/** Kinds of engine that a chip's key can lie in. */
export type ChipBackend = 'software' | 'pkcs11' | 'tpm2'

/** What is kept of a chip outside its engine. It may be published: without the engine it opens nothing. */
export interface HeldChip {
  readonly backend: ChipBackend
  /** 16 bytes. */
  readonly serial: Uint8Array
  readonly identity: IdentityKey
  /** PriKEnc, or what the engine finds the key by where the key does not leave it even encrypted. In a form of the back-end. */
  readonly sealed: Uint8Array
}

/** A BLS key, unwrapped in this process: no engine signs with it. */
export interface BlsHandle {
  /** 48 bytes. */
  readonly key: Uint8Array
  /** 96 bytes. Throws `chip_engine` after `close`. */
  sign(message: Uint8Array): Uint8Array
  /** Overwrites the secret. */
  close(): void
}

/** A chip at work. Its methods throw `chip_engine` where the engine fails or is closed. */
export interface SecurityEngine {
  readonly backend: ChipBackend
  /** 16 bytes. */
  readonly serial: Uint8Array
  /** The key that anybody checks its signatures with (`verifyIdentity`). */
  publicKey(): IdentityKey
  /** Signature (64 bytes) by the identity key of a message that is a digest (32 bytes): engines do not agree on what else they sign. Throws `core_bad_argument`. */
  sign(message: Uint8Array): Promise<Uint8Array>
  /** A 32-byte BLS secret under the chip's own key S: authenticated, of use to this chip only. */
  wrap(secret: Uint8Array): Promise<Uint8Array>
  /** The BLS key that this chip wrapped. Throws `chip_key` for what another chip wrapped or anybody changed. */
  unwrapToHandle(wrapped: Uint8Array): Promise<BlsHandle>
  /** The chip's own word that a BLS key (48 bytes) is that of its serial: a certificate of level 0, signed by the identity key. */
  certify(blsKey: Uint8Array): Promise<ChipCertificate>
  close(): Promise<void>
}

/** Makes and opens chips of one kind. */
export interface ChipMaker {
  readonly backend: ChipBackend
  readonly algorithms: readonly IdentityKey['alg'][]
  /** Makes S and the identity key inside the engine. Throws `core_bad_argument` for an algorithm that it has not. */
  make(alg: IdentityKey['alg']): Promise<HeldChip>
  /** The chip of a record. Throws `chip_key` unless this engine's S opens it and it gives the key that the record names. */
  open(record: HeldChip): Promise<SecurityEngine>
  close(): Promise<void>
}
