/**
 * The side of the thread that runs functions: hands finished runs over, and is told what the answers say that wait for the disk. Receipts that nobody
 * waits for it seals itself: to be told by the other thread would cost more than the hashes.
 */
import {
  cborCidText,
  errorOfPlain,
  PROTOCOL,
  ReceiptLayouts,
  saltOf,
  UtnetError,
  type CID,
  type PlainError,
  type ReceiptLayout,
  type ReceiptTicket,
} from '../../core/index.ts'
import type { Begun, Draft, Early } from '../draft.ts'
import type { RunFile } from '../kept.ts'
import { Lanes, type Lane } from '../lanes.ts'
import { Sealer } from '../sealer.ts'
import type { LaneRange, RunResult } from '../types.ts'
import { digestBodies, type RunRecord } from './body-digests.ts'
import {
  APART,
  ASLEEP,
  AWAKE,
  CALLED,
  CROWD,
  DONE,
  HEAD,
  INLINE_BYTES,
  LOOKS,
  PLACE_BYTES,
  PLACES,
  REST,
  RESTING,
  RING_RESERVE,
  TAIL,
  viewsOf,
  WAKE,
  type BesideEnd,
} from './memory.ts'
import {
  APART_RECORD,
  FORM_BYTES,
  inputOpening,
  openingsAt,
  putBare,
  putForm,
  putRun,
  putSealed,
  Room,
  runBound,
  SKIP_RECORD,
  type EndedRun,
  type HandedRequest,
  type HandedResponse,
} from './run-record.ts'

/** Runs whose answers wait for the disk are handed over so many together before a poll phase ends: what is sealed meanwhile need not be when the batch closes. */
const HURRIED_GROUP = 4
/** Runs whose answers wait for nothing but their seal are sealed so many together, or at the end of the poll phase. */
const LATER_GROUP = 16
/** Bytes of records that came apart and are not on the disk, from which on new runs are refused. */
const APART_BYTES = 256 * 1024 * 1024
/** Numbers of forms that are known at once. */
const FORMS = 4_096

export interface HandingOptions {
  /** ed25519 key of the node. */
  readonly node: Uint8Array
  readonly lanes: LaneRange
  /** The ticket that a receipt field holds. */
  readonly ticket: (field: string) => ReceiptTicket
  readonly random: (length: number) => Uint8Array
  /** Runs a function at the end of the poll phase. */
  readonly soon: (fn: () => void) => void
  /** 256 MiB unless told. */
  readonly apartBytes?: number
}

/** What is known of a run when it begins. */
export interface HandedBegin {
  readonly module: CID
  /** Seed of the chain at the context's height. */
  readonly chainSeed: Uint8Array
  /** Its body must stay what it is until the run has ended. */
  readonly request: HandedRequest
}

/** How a run ended. Nothing of it is used any more once `finish` has come back. */
export interface HandedEnd extends Pick<RunResult, 'world' | 'entry' | 'status' | 'gas' | 'models' | 'context' | 'retention' | 'log'> {
  readonly response: HandedResponse
  /** Bytes that the log names. */
  readonly files: readonly RunFile[]
  /** Whoever asked does not wait for the disk. */
  readonly later: boolean
}

/** A receipt that this thread seals, on its way into its record. */
type Own = Draft & RunRecord & { readonly told: Told }

const NO_ATTESTATION = new Uint8Array(0)

/** Called once, with the ticket of the receipt, or with why there is none. */
type Told = (failure: UtnetError | undefined, ticket: ReceiptTicket | undefined) => void

export class HandedReceipts {
  readonly #end: BesideEnd
  readonly #words: Int32Array
  readonly #ring: Room
  readonly #mask: number
  /** Kilobytes. */
  readonly #apartMost: number
  readonly #answers: Int32Array
  readonly #fields: Buffer
  readonly #lanes: Lanes
  readonly #layouts: ReceiptLayouts
  readonly #sealer: Sealer
  readonly #ticket: (field: string) => ReceiptTicket
  readonly #random: (length: number) => Uint8Array
  readonly #soon: (fn: () => void) => void
  readonly #told: (Told | undefined)[] = Array.from({ length: PLACES }, () => undefined)
  readonly #free = Array.from({ length: PLACES }, (_, i) => PLACES - 1 - i)
  readonly #numbers = new WeakMap<ReceiptLayout, number>()
  readonly #forms: ReceiptLayout[] = []
  #form = 0
  #running = 0
  #head = 0
  #seen = 0
  #apart = 0
  #published = 0
  /** Runs that are not handed over yet and whose answers wait for the disk. */
  #waiting = 0
  /** Those whose answers do not. */
  #own: Own[] = []
  #scheduled = false
  /** Since the last end of a poll phase. */
  #ran = false
  /** Somebody waits for the disk, and the other thread was not told yet that it has all. */
  #hurried = false
  #failure: UtnetError | undefined

  constructor(end: BesideEnd, { node, lanes, ticket, random, soon, apartBytes = APART_BYTES }: HandingOptions) {
    this.#apartMost = apartBytes >>> 10
    this.#ticket = ticket
    const { words, ring, mask, answers, fields, nexts } = viewsOf(end.memory)
    this.#end = end
    this.#words = words
    this.#ring = ring
    this.#mask = mask
    this.#answers = answers
    this.#fields = fields
    this.#lanes = new Lanes(lanes, (thread) => nexts[thread - lanes.first] as number)
    this.#layouts = new ReceiptLayouts(node)
    this.#sealer = new Sealer(soon)
    this.#random = random
    this.#soon = soon
    end.port.on('message', (message: unknown) => this.#called(message))
  }

  /** Begins a run; throws `host_busy` where too much waits for the disk, and `disk_failed` once it failed. */
  begin(request: HandedBegin): HandingRun {
    if (this.#failure !== undefined) throw this.#failure
    const waits =
      this.#room() < RING_RESERVE / 2 ||
      this.#free.length <= this.#running ||
      ((this.#apart - Atomics.load(this.#words, APART)) | 0) > this.#apartMost
    if (waits) throw new UtnetError('host_busy', 'too many receipts wait for the disk', { hint: 'try again in a moment' })
    const lane = this.#lanes.free()
    lane.busy = true
    this.#running++
    return new HandingRun(this, this.#sealer, lane, request, this.#random(16))
  }

  /** Begins no more runs on a lane. */
  retire(thread: number): void {
    this.#lanes.retire(thread)
  }

  /** Hands over what is not yet, and hears no more. */
  close(): void {
    this.#publish()
    this.#failure ??= new UtnetError('node_stopping', 'the receipts are closed')
    this.#end.port.close()
  }

  /** The run gave its lane back; nothing of it is handed over. */
  ended(lane: Lane): void {
    this.#lanes.ended(lane)
    this.#running--
  }

  /** Takes a run that has ended; throws `receipt_invalid` where its receipt would be over 1 KB. */
  take(run: HandingRun, end: HandedEnd, told: Told): void {
    if (this.#failure !== undefined) throw this.#failure
    const { lane, seq } = run
    const { world, entry, status, gas, models, context, retention, log } = end
    const { chainId, height, time } = context
    const { module } = run
    const layout = this.#layouts.of({ kind: 'invoke', module, world, entry, status, protocol: PROTOCOL, chainId, retention })
    const fields = { gas, logged: log !== null, models, thread: lane.thread, seq, height, time }
    const length = layout.measure(fields)
    const later = end.later
    const place = later ? 0 : (this.#free.at(-1) as number)
    const record: EndedRun = {
      place,
      form: this.#numberOf(layout),
      bodyLength: later ? length : 0,
      thread: lane.thread,
      seq,
      gas,
      height,
      time,
      salt: run.salt,
      chainSeed: run.chainSeed,
      early: run.early,
      models,
      request: run.request,
      response: end.response,
      secretSalt: run.secretSalt,
      log,
      files: end.files,
    }
    const { room, at } = this.#put(runBound(record), (room, at) => putRun(room, at, record))
    lane.next = seq + 1
    if (later) {
      const { input, output, log: logged } = openingsAt(room, at)
      run.input = input
      const draft = {
        begun: run,
        layout,
        fields,
        output,
        log: logged,
        length,
        keeping: null,
        sealed: undefined,
        bodyAt: 0,
        digestAt: 0,
        leafAt: 0,
      }
      this.#own.push({ ...draft, room, at, told })
      if (this.#own.length >= LATER_GROUP) this.#publish()
    } else {
      this.#free.pop()
      this.#told[place] = told
      this.#ran = this.#hurried = true
      if (++this.#waiting >= HURRIED_GROUP) this.#publish()
    }
    if (!this.#scheduled) {
      this.#scheduled = true
      Atomics.store(this.#words, LOOKS, 1)
      this.#soon(this.#phase)
    }
  }

  /** At the end of a poll phase: one that brought nothing more says that the other thread has all there is. */
  readonly #phase = (): void => {
    this.#publish()
    this.#look()
    if (this.#ran) {
      this.#ran = false
      this.#soon(this.#phase)
      return
    }
    this.#scheduled = false
    if (this.#hurried) {
      this.#hurried = false
      Atomics.store(this.#words, REST, this.#head)
      this.#wake(true)
    }
    Atomics.store(this.#words, LOOKS, 0)
    // Whoever told meanwhile saw that this thread looks, and did not call it.
    this.#look()
  }

  /** Bytes of the ring that are free. */
  #room(): number {
    return this.#mask + 1 - ((this.#head - Atomics.load(this.#words, TAIL)) >>> 0)
  }

  /** Writes a record of at most `bound` bytes into the ring, or apart from it; gives where it stands. */
  #put(bound: number, write: (room: Room, at: number) => number): { readonly room: Room; readonly at: number } {
    let at = this.#head & this.#mask
    const left = this.#mask + 1 - at
    const skipped = bound > left ? left : 0
    if (bound <= INLINE_BYTES && this.#room() - RING_RESERVE >= bound + skipped) {
      if (skipped > 0) {
        putBare(this.#ring, at, SKIP_RECORD)
        at = 0
      }
      const to = write(this.#ring, at)
      this.#head = (this.#head + skipped + to - at) | 0
      return { room: this.#ring, at }
    }
    const apart = new SharedArrayBuffer((bound + 7) & ~7)
    const room = new Room(apart)
    write(room, 0)
    this.#end.port.postMessage(apart, [])
    this.#apart = (this.#apart + (apart.byteLength >>> 10)) | 0
    this.#head = (this.#head + putBare(this.#ring, at, APART_RECORD) - at) | 0
    return { room, at: 0 }
  }

  #numberOf(layout: ReceiptLayout): number {
    const known = this.#numbers.get(layout)
    if (known !== undefined && this.#forms[known] === layout) return known
    const number = this.#form
    this.#put(FORM_BYTES, (room, at) => putForm(room, at, number, layout.form))
    this.#form = (number + 1) % FORMS
    this.#forms[number] = layout
    this.#numbers.set(layout, number)
    return number
  }

  #publish(): void {
    if (this.#published === this.#head) return
    const own = this.#own
    if (own.length > 0) {
      this.#own = []
      digestBodies(own)
      this.#sealer.seal(own)
      for (const receipt of own) putSealed(receipt.room, receipt.at, receipt)
    }
    const hurried = this.#waiting > 0
    this.#waiting = 0
    this.#published = this.#head
    Atomics.store(this.#words, CROWD, PLACES - this.#free.length)
    Atomics.store(this.#words, HEAD, this.#head)
    this.#wake(hurried)
    for (const { told, fields, begun, sealed, digestAt } of own)
      told(undefined, {
        id: cborCidText(sealed as Uint8Array, digestAt),
        gas: fields.gas.toString(),
        salt: begun.salt,
        attestation: NO_ATTESTATION,
      })
  }

  /** The other thread looks at what there is; where nobody waits for it, and it rests, it does so in a moment by itself. */
  #wake(hurried: boolean): void {
    const words = this.#words
    Atomics.add(words, WAKE, 1)
    const state = Atomics.load(words, ASLEEP)
    if (state === AWAKE || (state === RESTING && !hurried && this.#room() > (this.#mask + 1) >> 1)) return
    Atomics.notify(words, WAKE)
  }

  #called(message: unknown): void {
    if (message !== CALL) {
      this.#failure = errorOfPlain(message as PlainError)
      for (const [place, told] of this.#told.entries()) {
        this.#told[place] = undefined
        told?.(this.#failure, undefined)
      }
      return
    }
    Atomics.store(this.#words, CALLED, 0)
    this.#look()
  }

  /** Takes the answers that are ready, and those that become ready meanwhile. */
  #look(): void {
    while (this.#seen !== Atomics.load(this.#words, DONE)) {
      const place = this.#answers[PLACES + (this.#seen & (PLACES - 1))] as number
      const at = place * PLACE_BYTES
      const field = this.#fields.toString('latin1', at, at + (this.#answers[place] as number))
      this.#seen = (this.#seen + 1) | 0
      const told = this.#told[place]
      this.#told[place] = undefined
      this.#free.push(place)
      told?.(undefined, this.#ticket(field))
    }
  }
}

/** The message that says: look at the answers. */
export const CALL = 0

/** A run in flight; either `finish` or `abandon` ends it. */
export class HandingRun implements Begun {
  readonly module: CID
  readonly chainSeed: Uint8Array
  readonly lane: Lane
  readonly seq: number
  readonly salt: Uint8Array
  request: HandedRequest
  early: (Early & { readonly opening: Uint8Array }) | undefined = undefined
  readonly #to: HandedReceipts
  readonly #sealer: Sealer
  #ended = false
  #secretSalt: Uint8Array | undefined
  #input: Uint8Array | undefined

  constructor(to: HandedReceipts, sealer: Sealer, lane: Lane, { module, chainSeed, request }: HandedBegin, salt: Uint8Array) {
    this.module = module
    this.chainSeed = chainSeed
    this.lane = lane
    this.seq = lane.next
    this.salt = salt
    this.request = request
    this.#to = to
    this.#sealer = sealer
  }

  readonly secretSalt = (): Uint8Array => (this.#secretSalt ??= saltOf(this.salt, 'secret'))

  /** Canonical opening of the input. */
  get input(): Uint8Array {
    return (this.#input ??= inputOpening(this.request, this.secretSalt))
  }

  /** The same bytes where they stand in the record. */
  set input(opening: Uint8Array) {
    this.#input = opening
  }

  get seed(): Uint8Array {
    this.early ??= { ...this.#sealer.early(this), opening: this.input }
    return this.early.seed
  }

  /** The node's fault: no receipt, and the number goes to the next run. */
  abandon(): void {
    if (this.#ended) throw new UtnetError('node_internal', 'a run was ended twice')
    this.#ended = true
    this.#to.ended(this.lane)
  }

  finish(end: HandedEnd, told: Told): void {
    this.abandon()
    this.#to.take(this, end, told)
  }
}
