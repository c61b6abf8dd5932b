/** A receipt on its way: from the begin of its run until its batch is on disk. */
import type { CID, ReceiptFields, ReceiptLayout, UtnetError } from '../core/index.ts'
import type { ClosedBatch } from './closed-batch.ts'
import type { Keeping } from './kept.ts'

/** Input digest and seed of a run, 32 bytes each. */
export interface Early {
  readonly input: Uint8Array
  readonly seed: Uint8Array
}

/** A run in flight. Its digests wait until they are asked for, or are made with those of many others when their batch closes. */
export interface Begun {
  readonly module: CID
  readonly chainSeed: Uint8Array
  readonly lane: { readonly thread: number }
  readonly seq: number
  /** 16 bytes: the secret that the salts derive from. */
  readonly salt: Uint8Array
  /** Canonical opening of the input. */
  readonly input: Uint8Array
  /** Where the run has asked for its seed. */
  early: Early | undefined
}

/** A run that came to its end, to be sealed. */
export interface Draft {
  readonly begun: Begun
  readonly layout: ReceiptLayout
  readonly fields: ReceiptFields
  readonly output: Uint8Array
  readonly log: Uint8Array | null
  /** Bytes of the body. */
  readonly length: number
  readonly keeping: Keeping | null
  /** What the sealer makes: the canonical bytes of the body at `bodyAt`, their sha256, and their hash as a leaf. Many drafts share it. */
  sealed: Uint8Array | undefined
  bodyAt: number
  digestAt: number
  leafAt: number
}

/** A draft in the queue of its lane. */
export interface Queued extends Draft {
  /** Bytes that it takes in the journal, about. */
  readonly bytes: number
  /** Called by who closed the batch that it is in, once that is on disk. */
  durable(batch: ClosedBatch, index: number): void
  /** Called when it never will be on disk. */
  fail(failure: UtnetError): void
}
