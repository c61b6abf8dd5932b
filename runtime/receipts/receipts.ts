/**
 * Receipts of one node: numbered without gaps, attested in batches, durable before they are acknowledged.
 *
 * A run needs its seed, and so its `seq`, before it executes, while a batch must be consecutive in `seq`. Runs that suspend would hold up all that
 * come after them; so each run in flight has a lane, its own `seq` chain (the body's `thread`): the lowest that is free. Runs that do not suspend follow each other in
 * one lane. The next run of a lane begins when the last has ended, so that a run which is the node's fault leaves no receipt and no gap: its
 * `seq` goes to the next.
 *
 * Group commit without a timer: a batch closes at the end of the poll phase, or when the batch before it is on disk. One record, one sync and,
 * of each lane, one signature carry all receipts that were issued meanwhile.
 */
import {
  attestationCbor, domain, encode, encodeBatch, encodeReceipt, inclusionPath, leafHash, LIMITS, openingDigest, receiptId, rootOfHashes, runSeed, saltOf, UtnetError,
  concatBytes, decodeReceipt, equalBytes, type Attestation, type BatchStatement, type CID, type Disk, type ModelUse, type Retention, type RunStatus,
} from '../core/index.ts'
import { verifyEd25519 } from '../crypto/native.ts'
import { openJournal, type Place } from './journal.ts'
import { keep, open, type Openings } from './openings.ts'
import type { JournalBatch, SignedBatch } from './record.ts'

export interface ReceiptsOptions {
  readonly disk: Disk
  /** ed25519 key of the node. */
  readonly node: Uint8Array
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
  readonly opened: { readonly salt: Uint8Array; readonly openings: Openings } | undefined
}

export interface Receipts {
  begin(request: RunRequest): OpenRun
  /** `salt` opens a sealed receipt. */
  get(id: string, salt?: Uint8Array): StoredReceipt | undefined
  /** Durable batches of every lane whose first receipt is at or above the lane's mark (absent: 0), in order. */
  batchesFrom(marks: ReadonlyMap<number, number>): SignedBatch[]
  /** Receipts on disk. */
  count(): number
  /** Lanes used so far. */
  threads(): number
  /** Called with the ids of each batch once it is durable. */
  onDurable(listener: (ids: readonly CID[]) => void): void
  /** Waits for what is being written, then closes the journal. */
  close(): Promise<void>
}

interface Pending {
  readonly body: Uint8Array
  readonly id: CID
  readonly kept: JournalBatch['entries'][number]['kept']
  readonly resolve: (attestation: Attestation) => void
  readonly reject: (error: UtnetError) => void
}

interface Lane {
  readonly thread: number
  /** `seq` of the next run. */
  next: number
  /** `seq` and root behind the last batch. */
  sealed: number
  prev: Uint8Array
  busy: boolean
  pending: Pending[]
}

interface Stored {
  readonly place: Place
  readonly batch: number
  readonly index: number
}

const ZERO = new Uint8Array(32)
/** Receipts that may wait for the disk before new runs are refused. */
const BACKLOG = LIMITS.batchReceipts * 4

const signingBytes = (batch: BatchStatement): Uint8Array => concatBytes(domain('batch'), encodeBatch(batch))

function attestationOf(batch: BatchStatement, sig: Uint8Array, hashes: readonly Uint8Array[], index: number): Attestation {
  return { batch, index, path: inclusionPath(hashes, index), sig }
}

/** Opens the node's receipts; what was durable is there again, answered or not. Throws `data_corrupt` where the chain of batches is broken. */
export function openReceipts(options: ReceiptsOptions): Receipts {
  const { node } = options
  const lanes: Lane[] = []
  const index = new Map<string, Stored>()
  const batches = new Map<number, SignedBatch[]>()
  let listener: (ids: readonly CID[]) => void = () => {}
  let failure: UtnetError | undefined
  let waiting = 0
  let writing: Promise<void> | undefined
  let scheduled = false

  const laneOf = (thread: number): Lane => {
    while (lanes.length <= thread) lanes.push({ thread: lanes.length, next: 0, sealed: 0, prev: ZERO, busy: false, pending: [] })
    return lanes[thread] as Lane
  }

  const remember = (written: readonly JournalBatch[], place: Place): void => {
    written.forEach((b, at) => {
      b.entries.forEach((entry, i) => index.set(receiptId(entry.body).toString(), { place, batch: at, index: i }))
      const list = batches.get(b.batch.thread) ?? []
      list.push({ batch: b.batch, sig: b.sig })
      batches.set(b.batch.thread, list)
    })
  }

  const journal = openJournal(options.disk, (recovered, place) => {
    for (const { batch, entries } of recovered) {
      const lane = laneOf(batch.thread)
      const root = rootOfHashes(entries.map((e) => leafHash(e.body)))
      const follows = batch.first === lane.sealed && batch.size === entries.length && equalBytes(batch.prev, lane.prev) && equalBytes(batch.root, root) && equalBytes(batch.node, node)
      if (!follows) throw new UtnetError('data_corrupt', `the receipt journal breaks at receipt ${batch.first} of thread ${batch.thread}`, { hint: 'restore the data folder from a copy' })
      lane.sealed = lane.next = batch.first + batch.size
      lane.prev = batch.root
    }
    remember(recovered, place)
  })
  // Each batch names the root before it, so the last signature of a lane speaks for all of the lane.
  for (const list of batches.values()) {
    const last = list.at(-1) as SignedBatch
    if (!verifyEd25519(last.sig, signingBytes(last.batch), node)) throw new UtnetError('data_corrupt', `the last batch of thread ${last.batch.thread} is not signed by this node`, { hint: 'restore the data folder from a copy' })
  }

  const write = async (): Promise<void> => {
    const written: JournalBatch[] = []
    const answers: (() => void)[] = []
    const refusals: ((error: UtnetError) => void)[] = []
    const ids: CID[] = []
    for (const lane of lanes) {
      const entries = lane.pending.splice(0, LIMITS.batchReceipts)
      if (entries.length === 0) continue
      const hashes = entries.map((e) => leafHash(e.body))
      const batch = { node, thread: lane.thread, first: lane.sealed, size: entries.length, prev: lane.prev, root: rootOfHashes(hashes) }
      const sig = options.sign(signingBytes(batch))
      lane.sealed += entries.length
      lane.prev = batch.root
      written.push({ batch, sig, entries: entries.map((e) => ({ body: e.body, kept: e.kept })) })
      entries.forEach((e, i) => {
        ids.push(e.id)
        answers.push(() => e.resolve(attestationOf(batch, sig, hashes, i)))
        refusals.push(e.reject)
      })
    }
    waiting -= ids.length
    try {
      remember(written, await journal.append(written))
    } catch (cause) {
      // A failed sync says nothing about what is on disk and must not be tried again: the node has to start anew and recover.
      failure = new UtnetError('disk_failed', 'the receipt journal could not be written', { hint: 'mend the disk and start the node again', cause })
      for (const lane of lanes) for (const e of lane.pending.splice(0)) refusals.push(e.reject)
      for (const refuse of refusals) refuse(failure)
      return
    }
    for (const answer of answers) answer()
    listener(ids)
  }

  const pump = (): void => {
    scheduled = false
    if (writing !== undefined || failure !== undefined || !lanes.some((l) => l.pending.length > 0)) return
    writing = write().finally(() => {
      writing = undefined
      pump()
    })
  }

  const schedule = (): void => {
    if (scheduled || writing !== undefined) return
    scheduled = true
    options.soon(pump)
  }

  const freeLane = (): Lane => {
    for (let thread = 0; ; thread++) if (!laneOf(thread).busy) return laneOf(thread)
  }

  return {
    begin({ module, input, chainSeed }) {
      if (failure !== undefined) throw failure
      if (waiting >= BACKLOG) throw new UtnetError('host_busy', `${waiting} receipts wait for the disk`, { hint: 'try again in a moment' })
      const lane = freeLane()
      lane.busy = true
      const salt = options.random(16)
      const opening = input(saltOf(salt, 'secret'))
      const inputDigest = openingDigest('input', saltOf(salt, 'input'), opening)
      const seq = lane.next
      const end = (): void => {
        if (!lane.busy || lane.next !== seq) throw new UtnetError('node_internal', 'a run was ended twice')
        lane.busy = false
      }
      return {
        seed: runSeed(chainSeed, module, inputDigest, lane.thread, seq),
        salt,
        abandon: end,
        finish(result) {
          const body = encodeReceipt({
            v: 1, kind: result.kind, module, world: result.world, entry: result.entry, input: inputDigest,
            output: openingDigest('output', saltOf(salt, 'output'), result.output),
            status: result.status, gas: result.gas, protocol: result.protocol,
            log: result.log === null ? null : openingDigest('log', saltOf(salt, 'log'), result.log),
            models: result.models, context: { ...result.context, seed: runSeed(chainSeed, module, inputDigest, lane.thread, seq) },
            node, thread: lane.thread, seq, retention: result.retention,
          })
          if (failure !== undefined) throw failure
          end()
          lane.next = seq + 1
          const id = receiptId(body)
          const kept = keep(result.retention, salt, { input: opening, output: result.output, log: result.log, files: result.files })
          const attested = new Promise<Attestation>((resolve, reject) => lane.pending.push({ body, id, kept, resolve, reject }))
          // Whoever asked for `receipt=later` never looks: a failed disk must not end the process by this promise.
          attested.catch(() => {})
          waiting++
          schedule()
          return { id, attested }
        },
      }
    },

    get(id, salt) {
      const stored = index.get(id)
      if (stored === undefined) return undefined
      const { batch, sig, entries } = journal.read(stored.place)[stored.batch] as JournalBatch
      const entry = entries[stored.index] as JournalBatch['entries'][number]
      decodeReceipt(entry.body)
      return { body: entry.body, attestation: attestationOf(batch, sig, entries.map((e) => leafHash(e.body)), stored.index), opened: open(entry.kept, salt) }
    },

    batchesFrom(marks) {
      return [...batches].sort(([a], [b]) => a - b).flatMap(([thread, list]) => {
        const mark = marks.get(thread) ?? 0
        // Marks lie near the end: what is anchored is not walked again.
        let from = list.length
        while (from > 0 && (list[from - 1] as SignedBatch).batch.first >= mark) from--
        return list.slice(from)
      })
    },

    count: () => index.size,
    threads: () => lanes.length,
    onDurable(fn) {
      listener = fn
    },
    async close() {
      while (writing !== undefined || (failure === undefined && lanes.some((l) => l.pending.length > 0))) {
        pump()
        await writing
      }
      await journal.close()
    },
  }
}

/** Bytes of an attestation, as the `att` parameter of the receipt header carries them. */
export function encodeAttestation(attestation: Attestation): Uint8Array {
  return encode(attestationCbor(attestation))
}
