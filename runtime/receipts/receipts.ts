/**
 * Receipts of one node: numbered without gaps, attested in batches, durable before they are acknowledged.
 *
 * A run needs its seed, and so its `seq`, before it executes, while a batch must be consecutive in `seq`. Runs that suspend would hold up all that
 * come after them; so each run in flight has a lane, its own `seq` chain (the body's `thread`): the lowest that is free. Runs that do not
 * suspend follow each other in one lane. The next run of a lane begins when the last has ended, so that a run which is the node's fault leaves no receipt and no gap: its
 * `seq` goes to the next.
 *
 * Runs that were in flight when a node stopped leave nothing: nobody has seen their numbers, the next runs take them.
 *
 * Group commit without a timer: a batch closes at the end of the poll phase, or of the one in which the batch before it came to the disk. One record, one sync and,
 * of each lane, one signature carry all receipts that were issued meanwhile.
 */
import {
  attestationCbor,
  concatBytes,
  decodeReceipt,
  digest,
  domain,
  encode,
  encodeBatch,
  equalBytes,
  leafHash,
  LIMITS,
  receiptId,
  UtnetError,
  type Attestation,
  type BatchStatement,
  type CID,
} from '../core/index.ts'
import { verifyEd25519 } from '../crypto/native.ts'
import { batchTree } from './batch-tree.ts'
import { openJournal, type Place } from './journal.ts'
import { beginRun, Lanes, type Pending } from './lanes.ts'
import { open } from './openings.ts'
import type { JournalBatch, Kept, SignedBatch } from './record.ts'
import type { Receipts, ReceiptsOptions } from './types.ts'

interface Stored {
  readonly place: Place
  readonly batch: number
  readonly index: number
}

/** Receipts, and bytes of them with their openings, that may wait for the disk before new runs are refused. */
const BACKLOG = LIMITS.batchReceipts * 4
const BACKLOG_BYTES = 256 * 1024 * 1024
/** A record closes at this size: what one read of a receipt takes from the disk. */
const RECORD_BYTES = 4 * 1024 * 1024

const signingBytes = (batch: BatchStatement): Uint8Array => concatBytes(domain('batch'), encodeBatch(batch))
const corrupt = (what: string): UtnetError => new UtnetError('data_corrupt', what, { hint: 'restore the data folder from a copy' })
const keptSize = ({ head, files }: Kept): number => [...files.values()].reduce((n, file) => n + file.length, head.length)
const sizeOf = (p: Pending): number => p.body.length + (p.kept === null ? 0 : keptSize(p.kept))

/** One batch on its way to the disk, and who waits for it. */
interface Closing {
  readonly batch: JournalBatch
  readonly waiting: readonly Pending[]
  readonly attestation: (index: number) => Attestation
}

/**
 * Opens the node's receipts; what was durable is there again, answered or not. Throws `data_corrupt` where the chain of batches is broken.
 * The index of ids lies in memory and is read back from the journal here.
 */
export function openReceipts(options: ReceiptsOptions): Receipts {
  const { node } = options
  const lanes = new Lanes(options.lanes)
  const index = new Map<string, Stored>()
  const batches = new Map<number, SignedBatch[]>()
  let listener: (batch: BatchStatement, ids: readonly CID[]) => void = () => {}
  let failure: UtnetError | undefined
  let waiting = 0
  let waitingBytes = 0
  let turn = 0
  let writing: Promise<void> | undefined
  let scheduled = false

  const remember = (written: readonly JournalBatch[], place: Place, ids: readonly (readonly CID[])[]): void => {
    written.forEach((b, at) => {
      ids[at]?.forEach((id, i) => index.set(id.toString(), { place, batch: at, index: i }))
      const list = batches.get(b.batch.thread) ?? []
      list.push({ batch: b.batch, sig: b.sig })
      batches.set(b.batch.thread, list)
    })
  }

  const frameKey = digest('journal-key', options.sign(domain('journal-key')))
  const journal = openJournal(options.disk, frameKey, (recovered, place) => {
    for (const { batch, entries } of recovered) {
      const lane = lanes.of(batch.thread)
      const root = batchTree(entries.map((e) => leafHash(e.body))).root
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
    remember(
      recovered,
      place,
      recovered.map((b) => b.entries.map((e) => receiptId(e.body))),
    )
  })
  // Each batch names the root before it, so the last signature of a lane speaks for all of the lane.
  for (const list of batches.values()) {
    const last = list.at(-1) as SignedBatch
    if (!verifyEd25519(last.sig, signingBytes(last.batch), node))
      throw corrupt(`the last batch of thread ${last.batch.thread} is not signed by this node`)
  }

  /** Takes what waits into `closing`, up to the size of a record, from the lanes in turn: one batch of each lane. */
  const close = (closing: Closing[]): void => {
    let room: number = LIMITS.batchReceipts
    let bytes = 0
    const count = lanes.all.length
    for (let i = 0; i < count && room > 0 && bytes < RECORD_BYTES; i++) {
      const lane = lanes.all[(turn + i) % count]
      if (lane === undefined || lane.pending.length === 0) continue
      let size = 0
      while (size < lane.pending.length && size < room && bytes < RECORD_BYTES) bytes += sizeOf(lane.pending[size++] as Pending)
      const taken = lane.pending.slice(0, size)
      const tree = batchTree(taken.map((p) => leafHash(p.body)))
      const batch = { node, thread: lane.thread, first: lane.sealed, size, prev: lane.prev, root: tree.root }
      const sig = options.sign(signingBytes(batch))
      const entries = taken.map(({ body, kept }) => ({ body, kept }))
      closing.push({
        batch: { batch, sig, entries },
        waiting: taken,
        attestation: (at) => ({ batch, index: at, path: tree.path(at), sig }),
      })
      lane.pending.splice(0, size)
      lane.sealed += size
      lane.prev = tree.root
      room -= size
    }
    turn++
  }

  const write = async (): Promise<void> => {
    const closing: Closing[] = []
    try {
      close(closing)
      const written = closing.map((c) => c.batch)
      const place = await journal.append(written)
      remember(
        written,
        place,
        closing.map((c) => c.waiting.map((p) => p.id)),
      )
    } catch (cause) {
      // A failed sync says nothing about what is on disk and must not be tried again: the node has to start anew and recover.
      failure = new UtnetError('disk_failed', 'the receipt journal could not be written', {
        hint: 'mend the disk and start the node again',
        cause,
      })
      for (const { waiting: lost } of closing) for (const p of lost) p.reject(failure)
      for (const lane of lanes.all) for (const p of lane.pending.splice(0)) p.reject(failure)
      return
    }
    for (const { waiting: served, attestation } of closing) {
      served.forEach((p, i) => {
        waiting--
        waitingBytes -= sizeOf(p)
        p.resolve(attestation(i))
      })
    }
    for (const { batch, waiting: served } of closing) {
      listener(
        batch.batch,
        served.map((p) => p.id),
      )
    }
  }

  const pump = (): void => {
    scheduled = false
    if (writing !== undefined || failure !== undefined || waiting === 0) return
    writing = write().finally(() => {
      writing = undefined
      // Not at once: whoever was just answered, and what the poll phase still brings, shares the next batch.
      if (waiting > 0) schedule()
    })
  }

  const schedule = (): void => {
    if (scheduled || writing !== undefined) return
    scheduled = true
    options.soon(pump)
  }

  const ready = (): void => {
    if (failure !== undefined) throw failure
  }

  return {
    begin(request) {
      ready()
      if (waiting >= BACKLOG || waitingBytes >= BACKLOG_BYTES)
        throw new UtnetError('host_busy', `${waiting} receipts wait for the disk`, { hint: 'try again in a moment' })
      const queued = (pending: Pending): void => {
        waiting++
        waitingBytes += sizeOf(pending)
        schedule()
      }
      return beginRun(lanes.free(), request, { node, salt: options.random(16), ready, queued })
    },

    get(id, salt) {
      const stored = index.get(id)
      if (stored === undefined) return undefined
      const { batch, sig, entries } = journal.read(stored.place)[stored.batch] as JournalBatch
      const entry = entries[stored.index] as JournalBatch['entries'][number]
      const path = batchTree(entries.map((e) => leafHash(e.body))).path(stored.index)
      return {
        body: entry.body,
        attestation: { batch, index: stored.index, path, sig },
        opened: open(entry.kept, salt, decodeReceipt(entry.body)),
      }
    },

    batchesFrom(marks) {
      return [...batches]
        .sort(([a], [b]) => a - b)
        .flatMap(([thread, list]) => {
          const mark = marks.get(thread) ?? 0
          // Marks lie near the end: what is anchored is not walked again.
          let from = list.length
          while (from > 0 && (list[from - 1] as SignedBatch).batch.first >= mark) from--
          return list.slice(from)
        })
    },

    count: () => index.size,
    lanes: () => lanes.all.map((lane) => lane.thread),
    head(thread) {
      const last = batches.get(thread)?.at(-1)?.batch
      return last === undefined ? { next: 0, root: new Uint8Array(32) } : { next: last.first + last.size, root: last.root }
    },
    dropped: journal.dropped,
    onDurable(fn) {
      listener = fn
    },
    async close() {
      while (writing !== undefined || (failure === undefined && waiting > 0)) {
        pump()
        await writing
      }
      failure ??= new UtnetError('node_stopping', 'the receipts are closed')
      await journal.close()
    },
  }
}

/** Bytes of an attestation, as the `att` parameter of the receipt header carries them. */
export function encodeAttestation(attestation: Attestation): Uint8Array {
  return encode(attestationCbor(attestation))
}
