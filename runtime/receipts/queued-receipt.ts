/** The receipt of a run that has ended, in the queue of its lane: what `Queued` asks but for what is done once it is on the disk. */
import type { ReceiptFields, ReceiptLayout, UtnetError } from '../core/index.ts'
import type { ClosedBatch } from './closed-batch.ts'
import type { Begun, Draft, Queued } from './draft.ts'
import { bytesInJournal, type Keeping } from './kept.ts'

export type Ended = Pick<Draft, 'begun' | 'layout' | 'fields' | 'output' | 'log' | 'keeping'>

export abstract class QueuedReceipt implements Queued {
  readonly begun: Begun
  readonly layout: ReceiptLayout
  readonly fields: ReceiptFields
  readonly output: Uint8Array
  readonly log: Uint8Array | null
  readonly keeping: Keeping | null
  readonly length: number
  readonly bytes: number
  sealed: Uint8Array | undefined = undefined
  bodyAt = 0
  digestAt = 0
  leafAt = 0

  /** Throws `receipt_invalid` where the body would be over 1 KB. */
  constructor({ begun, layout, fields, output, log, keeping }: Ended) {
    this.begun = begun
    this.layout = layout
    this.fields = fields
    this.output = output
    this.log = log
    this.keeping = keeping
    this.length = layout.measure(fields)
    this.bytes = bytesInJournal(this.length, keeping)
  }

  abstract durable(batch: ClosedBatch, index: number): void
  abstract fail(failure: UtnetError): void
}
