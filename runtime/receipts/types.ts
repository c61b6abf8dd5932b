/** What the receipts of a node offer and need. */
import type { Attestation, BatchStatement, CID, Disk, ModelUse, Retention, RunStatus, UtnetError } from '../core/index.ts'
import type { Place } from './journal.ts'
import type { RunFile } from './kept.ts'
import type { Opened } from './openings.ts'
import type { SignedBatch } from './record.ts'

/** Thread numbers that are a journal's own. */
export interface LaneRange {
  readonly first: number
  readonly count: number
}

/** Of the node whose journal it is. */
export interface JournalOptions {
  readonly disk: Disk
  /** ed25519 key of the node. */
  readonly node: Uint8Array
  /** The chain that the batches are signed for. */
  readonly chainId: CID
  /** Deterministic (RFC 8032): the key of the journal's frames derives from a signature. */
  readonly sign: (bytes: Uint8Array) => Uint8Array
  /** Thread numbers that no other journal of this node uses; all of them unless told. */
  readonly lanes?: LaneRange
}

export interface ReceiptsOptions extends JournalOptions {
  readonly random: (length: number) => Uint8Array
  /** Runs a function at the end of the poll phase. */
  readonly soon: (fn: () => void) => void
  /** Called with each record that is found on the disk, in order, before this is open. */
  readonly onRecovered?: (record: DurableRecord) => void
}

export interface RunRequest {
  readonly module: CID
  /** Canonical opening of the input, or what makes it with the salt of secret headers, which exists only now. */
  readonly input: Uint8Array | ((secretSalt: () => Uint8Array) => Uint8Array)
  /** Seed of the chain at the context's height. */
  readonly chainSeed: Uint8Array
}

/** What is known of a run when it has ended; `output` and `log` are canonical openings. */
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
  /** Their bytes, as those of the openings, are written as they are once the disk is free: nobody may change them until then. */
  readonly files: readonly RunFile[]
}

/** A run in flight: either `finish` or `abandon` ends it. */
export interface OpenRun {
  /** Made when it is first asked for: a run that never does costs no hash of its own. */
  readonly seed: Uint8Array
  /** 16 bytes; goes to the caller with the answer. Read until the receipt is on disk: nobody may change it before. */
  readonly salt: Uint8Array
  /** Salt of the digests that stand for secret headers; made when it is first asked for. */
  readonly secretSalt: Uint8Array
  finish(result: RunResult): Issued
  /** The node's fault: no receipt, and the number goes to the next run. */
  abandon(): void
}

/** Ids are made with the batch; who asks for one before that pays for it alone. */
export interface Issued {
  readonly id: CID
  readonly idText: string
  /** Resolves when the receipt is on disk; rejects with `disk_failed`. */
  readonly attested: Promise<Attestation>
  /** Calls back once, when the id is made together with those of all that were issued in this turn: the way to have it without waiting for the disk. */
  whenSealed(done: () => void): void
  /** Calls back once, when the receipt is on disk or never will be: the same without a promise. */
  whenDurable(done: (failure: UtnetError | undefined) => void): void
  /** Canonical bytes of the attestation, as the `att` parameter of the receipt header carries them. Throws `node_internal` before the receipt is on disk. */
  attestation(): Uint8Array
}

/** A durable receipt: its canonical body, and the batch that attests it. */
export interface StoredReceipt {
  readonly body: Uint8Array
  readonly attestation: Attestation
  /** What the retention lets be shown. */
  readonly opened: Opened | undefined
}

/** Batches that one sync made durable, and where they stand. Plain data: it can be posted to another thread. */
export interface DurableRecord {
  readonly place: Place
  readonly batches: readonly {
    readonly batch: BatchStatement
    readonly sig: Uint8Array
    /** sha256 of the bodies, 32 bytes each, in order: what the ids hold. */
    readonly digests: Uint8Array
  }[]
}

/** Receipts that are on disk. */
export interface ReceiptReader {
  /** `salt` opens a sealed receipt. */
  get(id: string, salt?: Uint8Array): StoredReceipt | undefined
  /** Durable batches of every lane whose first receipt is at or above the lane's mark (absent: 0), in order. */
  batchesFrom(marks: ReadonlyMap<number, number>): SignedBatch[]
  /** Receipts on disk. */
  count(): number
  /** Thread numbers of the lanes that have receipts on disk, lowest first. */
  lanes(): readonly number[]
  /** Where a lane stands on disk: `seq` behind its last durable receipt, root of its last batch. A chain that is further along shows that the disk was set back. */
  head(thread: number): { readonly next: number; readonly root: Uint8Array }
  /** Leaf `index` of the lane's batch that begins with `first`, with its path to the batch's root. */
  leaf(thread: number, first: number, index: number): { readonly leaf: Uint8Array; readonly path: readonly Uint8Array[] } | undefined
  /** The sha256 of the bodies of the lane's batch that begins with `first`, 32 bytes each, in order. */
  digests(thread: number, first: number): Uint8Array | undefined
}

/** The receipts of one journal, with the right to issue. */
export interface Receipts extends ReceiptReader {
  begin(request: RunRequest): OpenRun
  /** Begins no more runs on a lane of this journal: the chain has closed it. */
  retire(thread: number): void
  /** Bytes that were cut from the end of the journal when it was opened: a torn write that nobody was answered, or damage to the last record. */
  readonly dropped: number
  /** Called with each record once it is durable and its receipts were told. */
  onDurable(listener: (record: DurableRecord) => void): void
  /** Waits for what is being written, then closes the journal. */
  close(): Promise<void>
}

/** Reads the receipts of a journal that another thread writes. */
export interface FedReader extends ReceiptReader {
  /** Takes a record as the writer gave it to `onRecovered` or `onDurable`: all of them, in order. */
  add(record: DurableRecord): void
  close(): Promise<void>
}
