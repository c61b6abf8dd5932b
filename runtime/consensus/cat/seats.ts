/** The chips that answer for a node: as they were when the power of the epoch was fixed, so that nobody can choose them by the challenge. */
import { NO_KEYS, UtnetError, type IdentityKey } from '../../core/index.ts'

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

/** Of a node without chips. */
export const NO_SEATS: CatSeats = {
  count: 0,
  aggregate: NO_KEYS,
  seat: (index) => {
    throw new UtnetError('core_bad_argument', `there is no seat ${index}`)
  },
}
