/**
 * Receipts of one node: numbered without gaps, attested in batches, durable before they are acknowledged.
 *
 * A run may need its seed, and so its `seq`, before it executes, while a batch must be consecutive in `seq`. Runs that suspend would hold up all that
 * come after them; so each run in flight has a lane, its own `seq` chain (the body's `thread`): the lowest that is free. Runs that do not
 * suspend follow each other in one lane. The next run of a lane begins when the last has ended, so that a run which is the node's fault leaves no receipt and no gap: its
 * `seq` goes to the next.
 *
 * Runs that were in flight when a node stopped leave nothing: nobody has seen their numbers, the next runs take them.
 *
 * Group commit without a timer: a batch closes at the end of a poll phase, not while the one before it is on its way to the disk, and where the thread waits
 * for the disk not before a poll phase that brought no more. One record, one sync and, of each lane, one signature carry all receipts that were issued
 * meanwhile. What they are hashed to is made then, for all at once. Receipts that nobody waits for are in no hurry: they close when they are many, or after a moment.
 */
import { LIMITS, ReceiptLayouts, UtnetError } from '../core/index.ts'
import { Batches, diskFailed, entriesOf, frameKey, RECORD_BYTES, recordOf, type Closing } from './batches.ts'
import { Book } from './book.ts'
import type { Queued } from './draft.ts'
import { journalReader } from './journal.ts'
import { Run, type RunContext } from './lanes.ts'
import { Sealer } from './sealer.ts'
import type { DurableRecord, FedReader, Receipts, ReceiptsOptions } from './types.ts'

/** Receipts, and bytes of them with their openings, that may wait for the disk before new runs are refused. */
const BACKLOG = LIMITS.batchReceipts * 4
const BACKLOG_BYTES = 256 * 1024 * 1024
/** While clients are answered one after the other, their next requests come in a row of poll phases; so long, in milliseconds, more may join a batch. */
const COMPANY_MS = 2
/** Receipts that nobody waits for are written when they are so many, or so many milliseconds old. */
const UNHURRIED = 256
const UNHURRIED_MS = 10

/**
 * Opens the node's receipts; what was durable is there again, answered or not. Throws `data_corrupt` where the chain of batches is broken.
 * The index of ids lies in memory and is read back from the journal here.
 */
export function openReceipts(options: ReceiptsOptions): Receipts {
  const sealer = new Sealer(options.soon)
  let listener: (record: DurableRecord) => void = () => {}
  let failure: UtnetError | undefined
  let waiting = 0
  let waitingBytes = 0
  let writing: Promise<void> | undefined
  let scheduled = false
  /** Somebody waits for the disk. */
  let hurried = false
  /** Receipts that waited at the last look, and when that was first looked at. */
  let seen = 0
  let since = 0
  let unhurried: NodeJS.Timeout | undefined

  const recovered: DurableRecord[] = []
  const batches = new Batches(options, sealer, (record) => void recovered.push(record))
  const { journal, lanes } = batches
  const book = new Book(journal.read)
  for (const record of recovered.splice(0)) {
    book.add(record)
    options.onRecovered?.(record)
  }

  const write = async (): Promise<void> => {
    const closing: Closing[] = []
    let record: DurableRecord
    try {
      batches.close(closing)
      // What did not fit may be waited for.
      if (closing.reduce((n, { receipts }) => n + receipts.length, 0) < waiting) hurried = true
      record = recordOf(await journal.append(entriesOf(closing)), closing)
      book.add(record)
    } catch (cause) {
      failure = diskFailed(cause)
      for (const { receipts } of closing) for (const r of receipts) r.fail(failure)
      for (const r of batches.waiting()) r.fail(failure)
      return
    }
    for (const { batch, receipts } of closing) {
      for (let i = 0; i < receipts.length; i++) {
        const receipt = receipts[i] as Queued
        waiting--
        waitingBytes -= receipt.bytes
        receipt.durable(batch, i)
      }
    }
    listener(record)
  }

  const pump = (): void => {
    clearTimeout(unhurried)
    unhurried = undefined
    if (writing !== undefined || failure !== undefined || waiting === 0) return
    hurried = false
    seen = 0
    writing = write().finally(() => {
      writing = undefined
      // Not at once: whoever was just answered, and what the poll phase still brings, shares the next batch.
      if (waiting > 0) schedule()
    })
  }

  /**
   * True when the last poll phase brought receipts, so that the next may, too, and they would else have to wait for this sync. Where the thread does not
   * wait for it, they make the next batch meanwhile.
   */
  const inCompany = (): boolean => {
    if (waiting === seen || !journal.blocks(waiting) || waitingBytes >= RECORD_BYTES) return false
    const now = performance.now()
    if (seen === 0) since = now
    else if (now - since > COMPANY_MS) return false
    seen = waiting
    return true
  }

  const look = (): void => {
    scheduled = false
    if (writing !== undefined || failure !== undefined || waiting === 0) return
    if (!hurried && waiting < UNHURRIED && waitingBytes < RECORD_BYTES) unhurried ??= setTimeout(pump, UNHURRIED_MS)
    else if (inCompany()) schedule()
    else pump()
  }

  const schedule = (): void => {
    if (scheduled || writing !== undefined) return
    scheduled = true
    options.soon(look)
  }

  const ready = (): void => {
    if (failure !== undefined) throw failure
  }
  const context: RunContext = {
    lanes,
    sealer,
    layouts: new ReceiptLayouts(options.node),
    ready,
    queued(issued) {
      waiting++
      waitingBytes += issued.bytes
      schedule()
    },
    hurry() {
      hurried = true
      schedule()
    },
  }

  return {
    begin(request) {
      ready()
      if (waiting >= BACKLOG || waitingBytes >= BACKLOG_BYTES)
        throw new UtnetError('host_busy', `${waiting} receipts wait for the disk`, { hint: 'try again in a moment' })
      return new Run(context, request, options.random(16))
    },
    get: (id, salt) => book.get(id, salt),
    batchesFrom: (marks) => book.batchesFrom(marks),
    count: () => book.count(),
    lanes: () => book.lanes(),
    head: (thread) => book.head(thread),
    leaf: (thread, first, index) => book.leaf(thread, first, index),
    digests: (thread, first) => book.digests(thread, first),
    retire: (thread) => lanes.retire(thread),
    dropped: journal.dropped,
    onDurable(fn) {
      listener = fn
    },
    async close() {
      while (writing !== undefined || (failure === undefined && waiting > 0)) {
        pump()
        await writing
      }
      clearTimeout(unhurried)
      failure ??= new UtnetError('node_stopping', 'the receipts are closed')
      await journal.close()
    },
  }
}

/** Opens the files of a journal for reading only, in another thread than its writer's: it knows what it is told by `add`. `disk` is the writer's folder. */
export function openReceiptReader({ disk, sign }: Pick<ReceiptsOptions, 'disk' | 'sign'>): FedReader {
  const reader = journalReader(disk, frameKey(sign))
  const book = new Book(reader.read)
  return {
    add: (record) => book.add(record),
    get: (id, salt) => book.get(id, salt),
    batchesFrom: (marks) => book.batchesFrom(marks),
    count: () => book.count(),
    lanes: () => book.lanes(),
    head: (thread) => book.head(thread),
    leaf: (thread, first, index) => book.leaf(thread, first, index),
    digests: (thread, first) => book.digests(thread, first),
    close: () => reader.close(),
  }
}
