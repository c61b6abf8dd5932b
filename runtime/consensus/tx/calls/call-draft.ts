import type { CallLayout, Cbor, ChainEvent, CID, ModelUse } from '../../../core/index.ts'
import type { ContractChange } from './variable.ts'

/** A run of a contract in a block, before its receipt is made. */
export interface CallDraft {
  readonly tx: CID
  /** Address of the contract that was called, 20 bytes. */
  readonly contract: Uint8Array
  /** As they stand in a transaction, or as the chain itself gives them: they can be encoded. */
  readonly args: readonly Cbor[]
  /** Canonical bytes of its return value, or of null where it did not complete. */
  readonly result: Uint8Array
  readonly gas: bigint
  readonly models: readonly ModelUse[]
  /** In the order of `sortChanges`. */
  readonly changes: readonly ContractChange[]
  readonly events: readonly ChainEvent[]
  readonly layout: CallLayout
  /** Tells the node of the run, with the root of its changes. */
  readonly note: ((changes: Uint8Array) => void) | undefined
}
