/** What a check needs of the chips that answer for a node: the power line's seats have it, as they were when the power of the epoch was fixed. */
import type { IdentityKey } from '../../core/index.ts'

export interface AnsweringChips {
  readonly count: number
  /** Sum of the BLS keys of all chips, 48 bytes. Each key was admitted with a proof of possession. */
  readonly aggregate: Uint8Array
  /** The chip in a seat, `0 <= index < count`. */
  seat(index: number): { readonly serial: Uint8Array; readonly identity: IdentityKey }
}
