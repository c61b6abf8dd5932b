/** The batches of one journal: recovers their chains, and closes new ones behind the ends. */
import { batchMessage, digest, domain, equalBytes, LIMITS, UtnetError, type CID } from '../core/index.ts'
import { verifyEd25519 } from '../crypto/native.ts'
import { BatchTree } from './batch-tree.ts'
import { digestsOf, leavesOf } from './book.ts'
import { ClosedBatch } from './closed-batch.ts'
import type { Queued } from './draft.ts'
import { openJournal, type Journal, type Place } from './journal.ts'
import { ALL_LANES, Lanes } from './lanes.ts'
import type { SignedBatch } from './record.ts'
import type { Sealer } from './sealer.ts'
import type { DurableRecord, JournalOptions } from './types.ts'

/** A record closes at this size: what one read of a receipt takes from the disk. */
export const RECORD_BYTES = 4 * 1024 * 1024

const corrupt = (what: string): UtnetError => new UtnetError('data_corrupt', what, { hint: 'restore the data folder from a copy' })
/** The key of a journal's frames, from a signature that only the node can make. */
export const frameKey = (sign: JournalOptions['sign']): Uint8Array => digest('journal-key', sign(domain('journal-key')))

/** A failed sync says nothing about what is on disk and must not be tried again: the node has to start anew and recover. */
export const diskFailed = (cause: unknown): UtnetError =>
  new UtnetError('disk_failed', 'the receipt journal could not be written', { hint: 'mend the disk and start the node again', cause })

/** One batch on its way to the disk, and what is in it. */
export interface Closing {
  readonly batch: ClosedBatch
  readonly receipts: readonly Queued[]
  readonly digests: Uint8Array
}

export class Batches {
  readonly lanes: Lanes
  readonly journal: Journal
  readonly #node: Uint8Array
  readonly #chainId: CID
  readonly #sign: JournalOptions['sign']
  readonly #sealer: Sealer
  #turn = 0

  /** Opens the journal; `each` sees what is in it, record by record. Throws `data_corrupt` where a chain is broken. */
  constructor({ disk, node, chainId, sign, lanes }: JournalOptions, sealer: Sealer, each: (record: DurableRecord) => void) {
    this.lanes = new Lanes(lanes ?? ALL_LANES)
    this.#node = node
    this.#chainId = chainId
    this.#sign = sign
    this.#sealer = sealer
    const last = new Map<number, SignedBatch>()
    const recovered: DurableRecord[] = []
    this.journal = openJournal(disk, frameKey(sign), (found, place) => {
      for (const { batch, sig, entries } of found) {
        const lane = this.lanes.of(batch.thread)
        const { root } = new BatchTree(leavesOf(entries))
        const follows =
          lane !== undefined &&
          batch.first === lane.sealed &&
          batch.size === entries.length &&
          equalBytes(batch.prev, lane.prev) &&
          equalBytes(batch.root, root) &&
          equalBytes(batch.node, node)
        if (!follows) throw corrupt(`the receipt journal breaks at receipt ${batch.first} of thread ${batch.thread}`)
        lane.sealed = lane.next = batch.first + batch.size
        lane.prev = batch.root
        last.set(batch.thread, { batch, sig })
      }
      recovered.push({ place, batches: found.map(({ batch, sig, entries }) => ({ batch, sig, digests: digestsOf(entries) })) })
    })
    // Each batch names the root before it, so the last signature of a lane speaks for all of the lane.
    for (const { batch, sig } of last.values()) {
      if (!verifyEd25519(sig, batchMessage(chainId, batch), node))
        throw corrupt(`the last batch of thread ${batch.thread} is not signed by this node`)
    }
    for (const record of recovered) each(record)
  }

  /** Takes what waits, up to the size of a record, from the lanes in turn: one batch of each lane, sealed and signed. Those taken are in `closing` whatever is thrown. */
  close(closing: Closing[]): void {
    let room: number = LIMITS.batchReceipts
    let bytes = 0
    const { all } = this.lanes
    for (let i = 0; i < all.length && room > 0 && bytes < RECORD_BYTES; i++) {
      const lane = all[(this.#turn + i) % all.length]
      if (lane === undefined || lane.pending.length === 0) continue
      let size = 0
      while (size < lane.pending.length && size < room && bytes < RECORD_BYTES) bytes += (lane.pending[size++] as Queued).bytes
      const taken = size === lane.pending.length ? lane.pending : lane.pending.slice(0, size)
      const { tree, digests } = this.#sealer.batch(taken)
      const statement = { node: this.#node, thread: lane.thread, first: lane.sealed, size, prev: lane.prev, root: tree.root }
      const sig = this.#sign(batchMessage(this.#chainId, statement))
      closing.push({ batch: new ClosedBatch(statement, sig, tree), receipts: taken, digests })
      lane.pending = lane.pending.slice(size)
      lane.sealed += size
      lane.prev = tree.root
      room -= size
    }
    this.#turn++
  }

  /** All that waits and was not taken. */
  *waiting(): Generator<Queued> {
    for (const lane of this.lanes.all) yield* lane.pending.splice(0)
  }
}

/** What the journal is given of batches. */
export const entriesOf = (closing: readonly Closing[]) =>
  closing.map(({ batch, receipts }) => ({ batch: batch.statement, sig: batch.sig, entries: receipts }))

/** What is told of them once they are at a place. */
export const recordOf = (place: Place, closing: readonly Closing[]): DurableRecord => ({
  place,
  batches: closing.map(({ batch, digests }) => ({ batch: batch.statement, sig: batch.sig, digests })),
})
