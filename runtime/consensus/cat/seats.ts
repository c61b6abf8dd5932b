/** The chips that answer for a node: as they were when the power of the epoch was fixed, so that nobody can choose them by the challenge. */

/** The key that a chip never gives away; it certifies the chip's BLS key. */
export interface IdentityKey {
  readonly alg: 'ed25519' | 'p256'
  readonly bytes: Uint8Array
}

export interface CatSeat {
  /** 16 bytes. */
  readonly serial: Uint8Array
  readonly identity: IdentityKey
}

export interface CatSeats {
  readonly count: number
  /** Sum of the BLS keys of all seats, 48 bytes; of none, anything. Each was admitted with a proof of possession. */
  readonly aggregate: Uint8Array
  /** The chip in a seat, `0 <= index < count`. */
  seat(index: number): CatSeat
}
