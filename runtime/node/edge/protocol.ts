/** What an edge thread is given, and what both sides say to each other. Modules and models go as text: classes do not survive the way. */
import type { ArithmeticClass, InferOutcome, NamedTensor, NodeEvent } from '../../core/index.ts'
import type { BesideEnd, DurableRecord, LaneRange } from '../../receipts/index.ts'
import type { ReceiptRules, RetentionRules } from '../parts.ts'
import type { ApiHandlers } from './api-proxy.ts'
import type { PackedTxs, SubmitAnswers } from './submits.ts'

/** Memory that a thread shares with the main thread. */
export interface EdgeTables {
  readonly head: SharedArrayBuffer
  readonly fence: SharedArrayBuffer
  readonly connections: SharedArrayBuffer
  readonly counts: SharedArrayBuffer
}

/** What the thread beside an edge thread is given: it makes, signs and keeps that one's receipts. */
export interface SealerData {
  /** Folder of the pair's own journal. */
  readonly journal: string
  readonly chainId: string
  readonly lanes: LaneRange
  /** Secret of the node's identity key. */
  readonly identity: Uint8Array
  readonly end: BesideEnd
}

export interface EdgeData {
  readonly lanes: LaneRange
  /** ed25519 key of the node. */
  readonly node: Uint8Array
  readonly end: BesideEnd
  /** Seed of the chip key, for guests that are sealed. */
  readonly chip: Uint8Array
  /** Guests may ask addresses of this machine: on a dev chain only. */
  readonly loopback: boolean
  readonly chainId: string
  readonly retention: RetentionRules
  readonly receipting: ReceiptRules
  readonly tables: EdgeTables
}

/** A name of the registry: its world, its module. */
export type GuestEntry = readonly [name: string, world: string, module: string]

export interface ListenOptions {
  readonly port: number
  readonly host?: string
}

export interface Listening {
  readonly url: string
  readonly port: number
}

/** Records that came to the disk. */
export interface Durable {
  readonly records: readonly DurableRecord[]
  /** The latest time that a run was given: no block that anchors may be older. */
  readonly time: number
}

export type PlainInferOutcome = Omit<InferOutcome, 'model'> & { readonly model: string }

/** What the main thread answers a thread that seals. */
export interface KeeperHandlers {
  /** The journal is recovered: these records stand in it. */
  readonly recovered: (records: readonly DurableRecord[]) => void
  readonly durable: (durable: Durable) => void
}

/** What a thread that seals answers. */
export interface SealerHandlers {
  /** Tells at once of all that is durable. */
  readonly tell: () => void
  /** Writes what it was given, and ends. */
  readonly close: () => void
}

/** What the main thread answers an edge thread. */
export interface MainHandlers extends Omit<ApiHandlers, 'end'> {
  readonly ready: () => void
  readonly submits: (txs: PackedTxs) => Promise<SubmitAnswers>
  readonly event: (event: NodeEvent) => void
  readonly file: (cid: string, maxBytes: number | undefined) => Promise<Uint8Array>
  /** CID of the source map of a module under a name. */
  readonly sourceMap: (name: string, module: string) => string | undefined
  readonly infer: (model: string, inputs: readonly NamedTensor[], arithmetic: ArithmeticClass) => Promise<PlainInferOutcome>
  readonly gasOf: (model: string, inputs: readonly NamedTensor[]) => bigint | Promise<bigint>
}

/** What an edge thread answers. */
export interface EdgeHandlers {
  /** The whole registry, or what changed in it. */
  readonly guests: (entries: readonly GuestEntry[]) => void
  /** The chain has closed a lane, of this thread or another. */
  readonly retire: (lane: number) => void
  /** Resolves when every function told of before is ready to run. */
  readonly settle: () => Promise<void>
  readonly listen: (options: ListenOptions) => Promise<Listening>
  /** Drains and ends. */
  readonly close: (graceMs: number | undefined) => Promise<void>
}
