/**
 * The side of the thread that seals: takes finished runs out of the ring, makes their receipts, writes and signs batches, and says what the answers carry.
 * It waits for the disk and for work; nothing else runs in this thread.
 */
import { receiveMessageOnPort } from 'node:worker_threads'
import { cborCidText, LIMITS, plainError, ReceiptLayouts, UtnetError, type ReceiptLayout } from '../../core/index.ts'
import { Batches, diskFailed, entriesOf, RECORD_BYTES, recordOf, type Closing } from '../batches.ts'
import type { ClosedBatch } from '../closed-batch.ts'
import type { Early, Queued } from '../draft.ts'
import { keep } from '../openings.ts'
import { QueuedReceipt } from '../queued-receipt.ts'
import { Sealer } from '../sealer.ts'
import type { DurableRecord, JournalOptions, LaneRange } from '../types.ts'
import { digestBodies, type RunRecord } from './body-digests.ts'
import { CALL } from './handing.ts'
import {
  APART,
  ASLEEP,
  AWAKE,
  CALLED,
  CROWD,
  DONE,
  HEAD,
  LOOKS,
  PLACE_BYTES,
  PLACES,
  REST,
  RESTING,
  SLEEPING,
  TAIL,
  viewsOf,
  WAKE,
  type BesideEnd,
} from './memory.ts'
import { APART_RECORD, FORM_RECORD, formAt, lengthAt, readForm, readRun, Room, SKIP_RECORD, whatAt, type HandedRun } from './run-record.ts'

/** Receipts that nobody waits for are written when they are so many, or so many milliseconds old. */
const UNHURRIED = 1_024
const UNHURRIED_MS = 25
/** A batch that is waited for closes when its thread has run all there was, when it has so many receipts, or after so many milliseconds. */
const HURRIED = 64
const HURRIED_MS = 2
/** Where fewer answers than this are outstanding a batch closes at half of them, so that the one half runs while the disk is waited for on behalf of the other. */
const CROWDED = 48
const FEWEST = 4
/** Answers that are told before the edge thread may begin with them. */
const TOLD_FIRST = 4
/** Turns after which this thread looks at its messages where it is never idle. */
const LISTEN_TURNS = 32

export interface SealingOptions extends JournalOptions {
  readonly lanes: LaneRange
  /** What an answer that waits says of its receipt. Latin-1, at most `PLACE_BYTES`. */
  readonly field: (receipt: {
    readonly id: string
    readonly gas: string
    readonly salt: Uint8Array
    readonly attestation: Uint8Array
  }) => string
  /** Called with each record once it is durable and its answers were told. */
  readonly durable: (record: DurableRecord, time: number) => void
}

/** A receipt on its way to the disk. */
class Sealing extends QueuedReceipt {
  readonly place: number
  /** Nobody waits for it: the thread that ran it has sealed it and told. */
  readonly later: boolean
  readonly #tell: (receipt: Sealing, attestation: Uint8Array) => void

  constructor(run: HandedRun, layout: ReceiptLayout, tell: (receipt: Sealing, attestation: Uint8Array) => void) {
    const { thread, seq, salt, chainSeed, early, input, output, log, gas, models, height, time, files } = run
    const { module, retention } = layout.form
    super({
      begun: { module, chainSeed, lane: { thread }, seq, salt, input, early: early as Early | undefined },
      layout,
      fields: { gas, logged: log !== null, models, thread, seq, height, time },
      output,
      log,
      keeping: keep(retention, salt, { input, output, log, files }),
    })
    this.place = run.place
    this.#tell = tell
    const { sealed } = run
    this.later = sealed !== undefined
    if (sealed === undefined) return
    this.sealed = sealed.sealed
    this.bodyAt = sealed.bodyAt
    this.digestAt = sealed.digestAt
    this.leafAt = sealed.leafAt
  }

  durable(batch: ClosedBatch, index: number): void {
    if (!this.later) this.#tell(this, batch.encoded(index))
  }

  /** All are told at once that the disk failed. */
  fail(): void {}
}

export class SealingThread {
  readonly #options: SealingOptions
  readonly #end: BesideEnd
  readonly #words: Int32Array
  readonly #ring: Room
  readonly #mask: number
  readonly #answers: Int32Array
  readonly #fields: Buffer
  readonly #sealer = new Sealer(() => {})
  readonly #batches: Batches
  readonly #layouts: ReceiptLayouts
  readonly #forms: ReceiptLayout[] = []
  #seed: Uint8Array = new Uint8Array(32)
  #tail = 0
  #done = 0
  #waiting = 0
  #bytes = 0
  #apart = 0
  /** Somebody waits for the disk. */
  #hurried = false
  /** Answers that were outstanding lately, at most. */
  #crowd = 0
  #since = 0
  #time = 0
  #failed = false
  #told = 0

  /** Recovers the journal; `each` sees its records. Throws `data_corrupt` as `openReceipts`. */
  constructor(end: BesideEnd, options: SealingOptions, each: (record: DurableRecord) => void) {
    const { words, ring, mask, answers, fields, nexts } = viewsOf(end.memory)
    this.#options = options
    this.#end = end
    this.#words = words
    this.#ring = ring
    this.#mask = mask
    this.#answers = answers
    this.#fields = fields
    this.#layouts = new ReceiptLayouts(options.node)
    this.#batches = new Batches(options, this.#sealer, each)
    for (const { thread, next } of this.#batches.lanes.all) nexts[thread - options.lanes.first] = next
  }

  /**
   * Works, and calls `idle` when there is nothing to do and now and then, which gives for how many milliseconds to wait, or a negative number to end. Comes back when all
   * is written and the journal is closed.
   */
  async run(idle: () => number): Promise<void> {
    const words = this.#words
    let ending = false
    let turns = 0
    for (;;) {
      const wake = Atomics.load(words, WAKE)
      const worked = this.turn(ending)
      // Who works without a rest listens all the same.
      if (worked && ++turns % LISTEN_TURNS !== 0) continue
      if (ending && !worked) break
      const ms = idle()
      ending ||= ms < 0
      if (!worked && !ending) this.#sleep(wake, ms)
    }
    await this.#batches.journal.close()
  }

  #sleep(wake: number, ms: number): void {
    const waits = this.#waiting > 0 && !this.#failed
    const left = waits ? this.#since + (this.#hurried ? HURRIED_MS : UNHURRIED_MS) - performance.now() : ms
    Atomics.store(this.#words, ASLEEP, waits && !this.#hurried ? RESTING : SLEEPING)
    Atomics.wait(this.#words, WAKE, wake, Math.max(0, Math.min(ms, left)))
    Atomics.store(this.#words, ASLEEP, AWAKE)
  }

  /** Does what there is to do; false when that was nothing. `all` writes whatever waits. Once the disk failed nothing is: what is in the ring stays there. */
  turn(all: boolean): boolean {
    if (this.#failed) return false
    try {
      const took = this.#take()
      if (this.#waiting > 0 && (all || this.#due())) this.#write()
      else if (!took) return false
    } catch (cause) {
      this.#failed = true
      this.#end.port.postMessage(plainError(cause), [])
    }
    return true
  }

  #due(): boolean {
    const age = performance.now() - this.#since
    if (this.#hurried && (this.#waiting >= this.#enough() || age >= HURRIED_MS || Atomics.load(this.#words, REST) === this.#tail))
      return true
    return this.#waiting >= UNHURRIED || this.#bytes >= RECORD_BYTES || age >= UNHURRIED_MS
  }

  /** Receipts at which a batch that is waited for closes. */
  #enough(): number {
    this.#crowd = Math.max(this.#crowd, Atomics.load(this.#words, CROWD))
    return this.#crowd > CROWDED ? HURRIED : Math.max(FEWEST, this.#crowd >> 1)
  }

  /** Takes runs from the ring, as many as a record may hold, and seals those that are not. */
  #take(): boolean {
    const head = Atomics.load(this.#words, HEAD)
    if (this.#tail === head) return false
    if (this.#waiting === 0) this.#since = performance.now()
    const runs: (RunRecord & { readonly layout: ReceiptLayout | undefined })[] = []
    let bytes = this.#bytes
    while (this.#tail !== head && this.#waiting + runs.length < LIMITS.batchReceipts && bytes < RECORD_BYTES) {
      const ringAt = this.#tail & this.#mask
      const what = whatAt(this.#ring, ringAt)
      this.#tail = (this.#tail + (what === SKIP_RECORD ? this.#mask + 1 - ringAt : lengthAt(this.#ring, ringAt))) | 0
      if (what === SKIP_RECORD) continue
      const apart = what === APART_RECORD
      const room = apart ? this.#received() : this.#ring
      const at = apart ? 0 : ringAt
      if (whatAt(room, at) === FORM_RECORD) this.#learn(room, at)
      else {
        runs.push({ room, at, layout: this.#forms[formAt(room, at)] })
        bytes += lengthAt(room, at)
      }
    }
    digestBodies(runs)
    const taken = runs.map(({ room, at, layout }) => this.#queue(readRun(room, at, this.#seedOf), layout))
    // What more comes before the batch closes is sealed while that is waited for.
    this.#sealer.seal(taken)
    return true
  }

  #received(): Room {
    const message = receiveMessageOnPort(this.#end.port)?.message as unknown
    if (!(message instanceof SharedArrayBuffer)) throw new UtnetError('node_internal', 'a record that came apart is not there')
    this.#apart = (this.#apart + (message.byteLength >>> 10)) | 0
    return new Room(message)
  }

  #learn(room: Room, at: number): void {
    const { number, form } = readForm(room, at)
    this.#forms[number] = this.#layouts.of(form)
  }

  /** Queues the run of a record. */
  #queue(run: HandedRun, layout: ReceiptLayout | undefined): Sealing {
    const lane = this.#batches.lanes.of(run.thread)
    if (lane === undefined || layout === undefined || run.seq !== lane.next)
      throw new UtnetError('node_internal', `receipt ${run.seq} of thread ${run.thread} does not follow`)
    const receipt = new Sealing(run, layout, this.#tell)
    lane.next++
    lane.pending.push(receipt)
    this.#waiting++
    this.#bytes += receipt.bytes
    this.#time = Math.max(this.#time, run.time)
    if (!receipt.later) this.#hurried = true
    return receipt
  }

  /** One array for all runs of a block. */
  readonly #seedOf = (bytes: Uint8Array, at: number): Uint8Array => {
    const seed = this.#seed
    for (let i = 0; i < 32; i++) if (seed[i] !== bytes[at + i]) return (this.#seed = bytes.slice(at, at + 32))
    return seed
  }

  /** Puts down what an answer says; the other thread is called for all of them together. */
  readonly #tell = (receipt: Sealing, attestation: Uint8Array): void => {
    const { place, begun, fields, sealed, digestAt } = receipt
    const id = cborCidText(sealed as Uint8Array, digestAt)
    const field = this.#options.field({ id, gas: fields.gas.toString(), salt: begun.salt, attestation })
    if (field.length > PLACE_BYTES) throw new UtnetError('node_internal', `a receipt field of ${field.length} bytes`)
    this.#answers[place] = this.#fields.write(field, place * PLACE_BYTES, 'latin1')
    this.#answers[PLACES + (this.#done & (PLACES - 1))] = place
    this.#done = (this.#done + 1) | 0
    this.#told++
  }

  #call(): void {
    if (this.#told === 0) return
    this.#told = 0
    Atomics.store(this.#words, DONE, this.#done)
    if (Atomics.load(this.#words, LOOKS) === 0 && Atomics.exchange(this.#words, CALLED, 1) === 0) this.#end.port.postMessage(CALL, [])
  }

  /** Writes all that was taken as one record, and frees its place in the ring. */
  #write(): void {
    const closing: Closing[] = []
    let record: DurableRecord
    try {
      this.#batches.close(closing)
      record = recordOf(this.#batches.journal.appendNow(entriesOf(closing)), closing)
    } catch (cause) {
      throw diskFailed(cause)
    }
    for (const { batch, receipts } of closing)
      for (let i = 0; i < receipts.length; i++) {
        const receipt = receipts[i] as Queued
        this.#waiting--
        this.#bytes -= receipt.bytes
        receipt.durable(batch, i)
        if (this.#told === TOLD_FIRST) this.#call()
      }
    this.#call()
    this.#crowd -= this.#crowd >> 3
    if (this.#waiting === 0) {
      this.#hurried = false
      Atomics.store(this.#words, TAIL, this.#tail)
      Atomics.store(this.#words, APART, this.#apart)
    }
    this.#options.durable(record, this.#time)
    try {
      this.#batches.journal.makeRoom()
    } catch (cause) {
      throw diskFailed(cause)
    }
  }
}
