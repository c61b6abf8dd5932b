/** What the power line offers to the rest of the chain and to its readers. */
import type { Certificate, ChipRecord, Header, PowerDelta } from '../../core/index.ts'

/** Chips of a node exactly as they were when the power of an epoch was fixed: what its CAT of a height in that epoch answers for. */
export interface CatSeats {
  /** How many there are. */
  readonly count: number
  /** Sum of all their BLS keys, 48 bytes; `NO_KEYS` of none. */
  readonly aggregate: Uint8Array
  /** The chip on a seat, from 0, with its serial; throws `core_bad_argument` from `count` on. */
  seat(index: number): ChipRecord & { readonly serial: Uint8Array }
}

/** One step of who follows the chain by epochs. */
export interface EpochStep {
  readonly epoch: number
  /** Last header of the epoch: its `power` commits to the set of the next. */
  readonly header: Header
  readonly certificate: Certificate
  /** Takes the set of the epoch to that of the next. */
  readonly delta: PowerDelta
}
