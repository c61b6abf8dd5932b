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
import {
  concatBytes,
  digest,
  domain,
  encodeBatch,
  equalBytes,
  LIMITS,
  ReceiptLayouts,
  UtnetError,
  type BatchStatement,
} from '../core/index.ts'
import { verifyEd25519 } from '../crypto/native.ts'
import { BatchTree } from './batch-tree.ts'
import { Book, digestsOf, leavesOf } from './book.ts'
import { ClosedBatch } from './closed-batch.ts'
import type { IssuedReceipt } from './issued.ts'
import { journalReader, openJournal } from './journal.ts'
import { ALL_LANES, Lanes, Run, type RunContext } from './lanes.ts'
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
/** A record closes at this size: what one read of a receipt takes from the disk. */
const RECORD_BYTES = 4 * 1024 * 1024

const signingBytes = (batch: BatchStatement): Uint8Array => concatBytes(domain('batch'), encodeBatch(batch))
const corrupt = (what: string): UtnetError => new UtnetError('data_corrupt', what, { hint: 'restore the data folder from a copy' })
const frameKey = (sign: ReceiptsOptions['sign']): Uint8Array => digest('journal-key', sign(domain('journal-key')))

/**
 * Opens the node's receipts; what was durable is there again, answered or not. Throws `data_corrupt` where the chain of batches is broken.
 * The index of ids lies in memory and is read back from the journal here.
 */
export function openReceipts(options: ReceiptsOptions): Receipts {
  const { node } = options
  const lanes = new Lanes(options.lanes ?? ALL_LANES)
  const sealer = new Sealer(options.soon)
  let listener: (record: DurableRecord) => void = () => {}
  let failure: UtnetError | undefined
  let waiting = 0
  let waitingBytes = 0
  let turn = 0
  let writing: Promise<void> | undefined
  let scheduled = false
  /** Somebody waits for the disk. */
  let hurried = false
  /** Receipts that waited at the last look, and when that was first looked at. */
  let seen = 0
  let since = 0
  let unhurried: NodeJS.Timeout | undefined

  const recovered: DurableRecord[] = []
  const journal = openJournal(options.disk, frameKey(options.sign), (found, place) => {
    for (const { batch, entries } of found) {
      const lane = lanes.of(batch.thread)
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
    }
    recovered.push({ place, batches: found.map(({ batch, sig, entries }) => ({ batch, sig, digests: digestsOf(entries) })) })
  })
  const book = new Book(journal.read)
  for (const record of recovered) book.add(record)
  // Each batch names the root before it, so the last signature of a lane speaks for all of the lane.
  for (const { batch, sig } of book.last()) {
    if (!verifyEd25519(sig, signingBytes(batch), node)) throw corrupt(`the last batch of thread ${batch.thread} is not signed by this node`)
  }
  for (const record of recovered.splice(0)) options.onRecovered?.(record)

  /** Takes what waits into `closing`, up to the size of a record, from the lanes in turn: one batch of each lane. */
  const close = (closing: Closing[]): void => {
    let room: number = LIMITS.batchReceipts
    let bytes = 0
    const count = lanes.all.length
    for (let i = 0; i < count && room > 0 && bytes < RECORD_BYTES; i++) {
      const lane = lanes.all[(turn + i) % count]
      if (lane === undefined || lane.pending.length === 0) continue
      let size = 0
      while (size < lane.pending.length && size < room && bytes < RECORD_BYTES) bytes += (lane.pending[size++] as IssuedReceipt).bytes
      const taken = lane.pending.slice(0, size)
      const { tree, digests } = sealer.batch(taken)
      const statement = { node, thread: lane.thread, first: lane.sealed, size, prev: lane.prev, root: tree.root }
      const sig = options.sign(signingBytes(statement))
      closing.push({ batch: new ClosedBatch(statement, sig, tree), receipts: taken, digests })
      lane.pending.splice(0, size)
      lane.sealed += size
      lane.prev = tree.root
      room -= size
    }
    turn++
  }

  const write = async (): Promise<void> => {
    const closing: Closing[] = []
    let record: DurableRecord
    try {
      close(closing)
      // What did not fit may be waited for.
      if (closing.reduce((n, { receipts }) => n + receipts.length, 0) < waiting) hurried = true
      const place = await journal.append(
        closing.map(({ batch, receipts }) => ({ batch: batch.statement, sig: batch.sig, entries: receipts })),
      )
      record = { place, batches: closing.map(({ batch, digests }) => ({ batch: batch.statement, sig: batch.sig, digests })) }
      book.add(record)
    } catch (cause) {
      // A failed sync says nothing about what is on disk and must not be tried again: the node has to start anew and recover.
      failure = new UtnetError('disk_failed', 'the receipt journal could not be written', {
        hint: 'mend the disk and start the node again',
        cause,
      })
      for (const { receipts } of closing) for (const r of receipts) r.fail(failure)
      for (const lane of lanes.all) for (const r of lane.pending.splice(0)) r.fail(failure)
      return
    }
    for (const { batch, receipts } of closing) {
      for (let i = 0; i < receipts.length; i++) {
        const receipt = receipts[i] as IssuedReceipt
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
    layouts: new ReceiptLayouts(node),
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

/** One batch on its way to the disk, and what is in it. */
interface Closing {
  readonly batch: ClosedBatch
  readonly receipts: readonly IssuedReceipt[]
  readonly digests: Uint8Array
}
