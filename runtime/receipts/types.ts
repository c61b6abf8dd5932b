/** What the receipts of a node offer and need. */
import type { Attestation, BatchStatement, CID, Disk, ModelUse, Retention, RunStatus } from '../core/index.ts'
import type { Opened } from './openings.ts'
import type { SignedBatch } from './record.ts'

/** The numbers of a node's lanes that one journal owns, so that the threads of a node never share a `seq` chain. */
export interface LaneRange {
  readonly first: number
  readonly count: number
}

export interface ReceiptsOptions {
  /** All that a node may have, unless told. */
  readonly lanes?: LaneRange
  readonly disk: Disk
  /** ed25519 key of the node. */
  readonly node: Uint8Array
  /** Deterministic (RFC 8032): the key of the journal's frames derives from a signature. */
  readonly sign: (bytes: Uint8Array) => Uint8Array
  readonly random: (length: number) => Uint8Array
  /** Runs a function at the end of the poll phase. */
  readonly soon: (fn: () => void) => void
}

export interface RunRequest {
  readonly module: CID
  /** Canonical opening of the input; makes it from the salt of secret headers, which exists only now. */
  readonly input: (secretSalt: Uint8Array) => Uint8Array
  /** Seed of the chain at the context's height. */
  readonly chainSeed: Uint8Array
}

export interface RunResult {
  readonly kind: 'invoke' | 'infer'
  readonly world: string
  readonly entry: string
  readonly status: RunStatus
  readonly gas: bigint
  readonly protocol: number
  readonly models: readonly ModelUse[] | Uint8Array
  readonly context: { readonly chainId: CID; readonly height: number; readonly time: number }
  readonly retention: Retention
  readonly output: Uint8Array
  readonly log: Uint8Array | null
  /** By lower-case hex of their sha256. Their bytes are written as they are once the disk is free: nobody may change them until then. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** A run in flight: either `finish` or `abandon` ends it. */
export interface OpenRun {
  readonly seed: Uint8Array
  /** 16 bytes; goes to the caller with the answer. */
  readonly salt: Uint8Array
  finish(result: RunResult): Issued
  /** The node's fault: no receipt, and the number goes to the next run. */
  abandon(): void
}

export interface Issued {
  readonly id: CID
  /** Resolves when the receipt is on disk; rejects with `disk_failed`. */
  readonly attested: Promise<Attestation>
}

export interface StoredReceipt {
  readonly body: Uint8Array
  readonly attestation: Attestation
  /** What the retention lets be shown. */
  readonly opened: Opened | undefined
}

export interface Receipts {
  begin(request: RunRequest): OpenRun
  /** `salt` opens a sealed receipt. */
  get(id: string, salt?: Uint8Array): StoredReceipt | undefined
  /** Durable batches of every lane whose first receipt is at or above the lane's mark (absent: 0), in order. */
  batchesFrom(marks: ReadonlyMap<number, number>): SignedBatch[]
  /** Receipts on disk. */
  count(): number
  /** Numbers of the lanes used so far. */
  lanes(): readonly number[]
  /** Where a lane stands on disk: `seq` behind its last durable receipt, root of its last batch. A chain that is further along shows that the disk was set back. */
  head(thread: number): { readonly next: number; readonly root: Uint8Array }
  /** Bytes that were cut from the end of the journal when it was opened: a torn write that nobody was answered, or damage to the last record. */
  readonly dropped: number
  /** Called with each batch and the ids in it once it is durable. */
  onDurable(listener: (batch: BatchStatement, ids: readonly CID[]) => void): void
  /** Waits for what is being written, then closes the journal. */
  close(): Promise<void>
}
