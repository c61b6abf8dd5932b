/** What a node shows of the chain: head, sets, blocks, epochs, its history of transactions and events, and the live stream of them. */
import type { RunStatus } from '../receipt/index.ts'

/** An event that a contract emitted; `data` is JSON of its WIT type. */
export interface EventView {
  readonly contract: string
  readonly name: string
  readonly data: unknown
}

/** The head of a chain. `time` is in milliseconds since 1970. */
export interface ChainView {
  readonly chainId: string
  readonly height: number
  readonly hash: string
  readonly time: number
  readonly finalized: number
  /** Lowest height that `query --at` can still read. */
  readonly prunedBelow: number
  readonly validators: number
  readonly mempool: number
  /** What the next block's transactions pay per gas, in 10^-18 UNC (docs/spec/fees.md). */
  readonly baseFee: string
}

/** The set that votes in an epoch, in the order of its node keys. */
export interface PowerView {
  readonly epoch: number
  /** Its first and last height. */
  readonly from: number
  readonly to: number
  readonly total: number
  readonly members: readonly {
    readonly node: string
    /** BLS key that it votes with, base64. */
    readonly vote: string
    readonly power: number
    /** Of the total, from 0 to 1. */
    readonly share: number
    /** Chips that sit at the node as far as they count in the epoch; null where that is no longer kept. */
    readonly chips: number | null
  }[]
}

/** A final block: hashes and ids as text, header and certificate as JSON. */
export interface BlockView {
  readonly height: number
  readonly hash: string
  readonly header: Readonly<Record<string, unknown>>
  readonly certificate: Readonly<Record<string, unknown>>
  readonly transactions: readonly {
    readonly hash: string
    readonly kind: string
    readonly status: RunStatus
    /** Of the run, as its receipt has it; of what runs nothing, all that was paid for. */
    readonly gas: string
    /** All gas paid for. */
    readonly paid: string
  }[]
  readonly receipts: readonly string[]
}

/** What leads a light client to the end of an epoch: base64 of canonical bytes (docs/spec/light.md). */
export interface EpochView {
  readonly epoch: number
  /** Its last height. */
  readonly height: number
  /** Steps, in order: the epoch's own, or those from a point that was named; some of them where there are more than `LIMITS.epochSteps`. */
  readonly steps: readonly string[]
  /** The set of the next epoch, where it was asked for. */
  readonly set?: string
}

/** Path of a leaf to a root of a final header: base64 of canonical bytes, hex of hashes. `utnet/verify` checks it. */
export interface EntryProof {
  readonly root: 'eventRoot' | 'txRoot'
  readonly leaf: string
  /** On which sides the siblings of the path stand (`pathSides`). */
  readonly index: number
  readonly path: readonly string[]
  readonly header: string
  readonly certificate: string
  /** Steps from the genesis to the set that certifies the header; empty as long as it is the same. */
  readonly epochs: readonly string[]
}

interface EntryBase {
  /** `HEIGHT.ORDINAL`: where it stands in the chain, and the mark behind which a search or a stream goes on. */
  readonly id: string
  readonly height: number
  /** Time of the block, in milliseconds since 1970: the block interval is the clock of the system. */
  readonly time: number
  /** Hash of the block, hex. */
  readonly block: string
  readonly tx: string
  readonly proof?: EntryProof
}

/** An event of a contract in a final block. */
export interface EventEntry extends EntryBase, EventView {
  readonly type: 'event'
}

/** A transaction in a final block. */
export interface TransactionEntry extends EntryBase {
  readonly type: 'transaction'
  readonly kind: string
  readonly sender: string
  readonly status: RunStatus
  readonly receipt?: string
}

/** One thing that happened on the chain, under its mark. */
export type ChainEntry = EventEntry | TransactionEntry

/** What of the chain's history is asked for. `filter` and `after` are those of `event-filter.ts`. */
export interface EventsRequest {
  readonly filter?: readonly string[]
  readonly from?: number
  readonly to?: number
  /** A mark: everything up to it is passed over. */
  readonly after?: string
  /** At most `LIMITS.searchEntries`; 100 unless told. */
  readonly limit?: number
  readonly proof?: boolean
}

/** A page of a search, and where the next one begins. */
export interface EventPage {
  readonly entries: readonly ChainEntry[]
  /** The mark to go on behind: everything up to it was looked at. */
  readonly next: string
  /** True when that is all there is up to `to`, or to the head. */
  readonly done: boolean
  readonly head: number
}

/** What a live stream is to hold. */
export interface StreamRequest {
  /** Then the stream has the chain's entries that match, and nothing else. */
  readonly filter?: readonly string[]
  /** A mark: the stream begins with what the chain holds behind it. */
  readonly after?: string
}

/** What a live stream brings. */
export type NodeEvent =
  | {
      readonly type: 'block'
      readonly id: string
      readonly height: number
      readonly time: number
      readonly hash: string
      readonly transactions: number
    }
  | { readonly type: 'receipt'; readonly id: string; readonly kind: string; readonly status: RunStatus; readonly gas: string }
  | { readonly type: 'anchor'; readonly id: string; readonly height: number }
  | {
      readonly type: 'dispute'
      readonly receipt: string
      /** `prover`, `challenger`, or both. */
      readonly losers: readonly string[]
      readonly reason: string
      readonly detail: string
      /** Entry of the trace that it came down to, with its operator; null where it ended before. */
      readonly entry: number | null
      readonly operator: string | null
    }
  | ChainEntry
