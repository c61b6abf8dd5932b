/** How a transaction in a block ended, and what it left behind. */
import {
  asArray,
  asBytes,
  asCid,
  asText,
  asU64,
  RUN_STATUSES,
  UtnetError,
  type BatchStatement,
  type CID,
  type Cbor,
  type ChainEvent,
  type RunStatus,
} from '../../../core/index.ts'
import type { CallDraft } from '../calls/index.ts'

export interface TxOutcome {
  readonly id: CID
  readonly kind: string
  /** Address, 20 bytes. */
  readonly sender: Uint8Array
  /** `refused`: it stands in the block and paid, but did nothing (a name of another owner, a batch out of order, an unknown contract). */
  readonly status: RunStatus
  /** All gas paid for: what the transaction costs before it runs, and the run. The receipt of a call names the run's gas alone. */
  readonly gas: bigint
  /** Return value of a call that completed, else null. */
  readonly result: Cbor
  /** Why it did not complete, for people; in no hash. */
  readonly message: string | null
  /** Id of the receipt of a call. */
  readonly receipt: CID | null
  readonly events: readonly ChainEvent[]
}

/** What a transaction touched: the parts of an item's bytes, text in UTF-8. */
export type TouchedItem = readonly [kind: string, part: Uint8Array | string, more?: Uint8Array | string]

/** What a transaction adds to the block beside its changes of state. */
export interface TxEffect {
  readonly outcome: TxOutcome
  /** Leaves of the block's receipt tree, in order. */
  readonly leaves: readonly Uint8Array[]
  /** Gas of the outcome that another transaction paid for. */
  readonly prepaid: bigint
  /** A run whose receipt is not made yet: `sealCalls` makes those of a block together, and so its outcome's `receipt` and its leaf. */
  readonly call: CallDraft | null
  /** Batches that it anchored, each a leaf. */
  readonly batches: readonly BatchStatement[]
  /** Names whose records it changed. */
  readonly names: readonly string[]
  /** What the block's bloom filter holds of it: items by kind (block/bloom.ts). */
  readonly touched: readonly TouchedItem[]
}

const eventCbor = (e: ChainEvent): Cbor => [e.contract, e.name, e.data]

/** Canonical value of an outcome, for its row. */
export function outcomeCbor(o: TxOutcome): Cbor {
  return [o.id, o.kind, o.sender, o.status, o.gas, o.result, o.message, o.receipt, o.events.map(eventCbor)]
}

/** The outcome of a decoded value. */
export function readOutcome(value: Cbor | undefined): TxOutcome {
  const list = asArray(value, 'outcome', 9)
  const status = asText(list[3], 'status')
  if (!(RUN_STATUSES as readonly string[]).includes(status)) throw new UtnetError('data_corrupt', `status ${status} is not known`)
  return {
    id: asCid(list[0], 'id'),
    kind: asText(list[1], 'kind'),
    sender: asBytes(list[2], 'sender', 20),
    status: status as RunStatus,
    gas: asU64(list[4], 'gas'),
    result: list[5] as Cbor,
    message: list[6] === null ? null : asText(list[6], 'message'),
    receipt: list[7] === null ? null : asCid(list[7], 'receipt'),
    events: asArray(list[8], 'events').map((item) => {
      const e = asArray(item, 'event', 3)
      return { contract: asBytes(e[0], 'contract', 20), name: asText(e[1], 'name'), data: asBytes(e[2], 'data') }
    }),
  }
}
