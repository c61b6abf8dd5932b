/** Lanes: the `seq` chains of a node, and the runs in flight on them. */
import { saltOf, UtnetError, type CID, type ReceiptLayouts } from '../core/index.ts'
import type { Begun, Queued } from './draft.ts'
import { IssuedReceipt } from './issued.ts'
import { keep } from './openings.ts'
import type { Sealer } from './sealer.ts'
import type { LaneRange, OpenRun, RunRequest, RunResult } from './types.ts'

export interface Lane {
  readonly thread: number
  /** `seq` of the next run. */
  next: number
  /** `seq` and root behind the last batch. */
  sealed: number
  prev: Uint8Array
  busy: boolean
  /** Closed on the chain: it stays busy for good. */
  retired: boolean
  pending: Queued[]
}

/** The lanes of one journal, made as they are needed. */
export class Lanes {
  readonly all: Lane[] = []
  readonly #first: number
  readonly #count: number
  readonly #nextOf: (thread: number) => number
  /** Lanes below this are busy. */
  #free = 0

  /** `nextOf` gives the `seq` at which a lane goes on. */
  constructor({ first, count }: LaneRange, nextOf: (thread: number) => number = () => 0) {
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || first < 0 || count < 1 || first + count > MAX_THREADS)
      throw new UtnetError('core_bad_argument', `lanes ${first} to ${first + count - 1} are not below ${MAX_THREADS}`)
    this.#first = first
    this.#count = count
    this.#nextOf = nextOf
  }

  /** The lane of a thread number; undefined for one that is not of these. */
  of(thread: number): Lane | undefined {
    const at = thread - this.#first
    if (at < 0 || at >= this.#count) return undefined
    while (this.all.length <= at) {
      const thread = this.#first + this.all.length
      const next = this.#nextOf(thread)
      this.all.push({
        thread,
        next,
        sealed: next,
        prev: new Uint8Array(32),
        busy: false,
        retired: false,
        pending: [],
      })
    }
    return this.all[at]
  }

  /** The lowest lane without a run; throws `host_busy` when there is none. */
  free(): Lane {
    while (this.all[this.#free]?.busy === true) this.#free++
    const found = this.of(this.#first + this.#free)
    if (found === undefined) throw new UtnetError('host_busy', `${this.#count} runs are in flight`, { hint: 'try again in a moment' })
    return found
  }

  /** Lets no run begin on a lane any more. */
  retire(thread: number): void {
    const lane = this.of(thread)
    if (lane !== undefined) lane.retired = lane.busy = true
  }

  /** Takes a lane back whose run has ended. */
  ended(lane: Lane): void {
    if (lane.retired) return
    lane.busy = false
    this.#free = Math.min(this.#free, lane.thread - this.#first)
  }
}

/** What all runs of a node share. */
export interface RunContext {
  readonly lanes: Lanes
  readonly sealer: Sealer
  readonly layouts: ReceiptLayouts
  /** Throws when no receipt can be issued any more. */
  readonly ready: () => void
  /** Called with each receipt that was queued on its lane. */
  readonly queued: (issued: IssuedReceipt) => void
  /** Called when somebody waits for a receipt to be on disk. */
  readonly hurry: () => void
}

export class Run implements OpenRun, Begun {
  readonly module: CID
  readonly chainSeed: Uint8Array
  readonly lane: Lane
  readonly seq: number
  readonly salt: Uint8Array
  readonly input: Uint8Array
  early: { readonly input: Uint8Array; readonly seed: Uint8Array } | undefined = undefined
  readonly #context: RunContext
  #ended = false
  #secretSalt: Uint8Array | undefined

  /** Begins a run on a free lane. Whatever throws in here leaves the lane as it was. */
  constructor(context: RunContext, request: RunRequest, salt: Uint8Array) {
    this.#context = context
    this.module = request.module
    this.chainSeed = request.chainSeed
    this.salt = salt
    const { input } = request
    this.input = typeof input === 'function' ? input(() => this.secretSalt) : input
    this.lane = context.lanes.free()
    this.seq = this.lane.next
    this.lane.busy = true
  }

  get secretSalt(): Uint8Array {
    this.#secretSalt ??= saltOf(this.salt, 'secret')
    return this.#secretSalt
  }

  get seed(): Uint8Array {
    this.early ??= this.#context.sealer.early(this)
    return this.early.seed
  }

  abandon(): void {
    if (this.#ended) throw new UtnetError('node_internal', 'a run was ended twice')
    this.#ended = true
    this.#context.lanes.ended(this.lane)
  }

  finish(result: RunResult): IssuedReceipt {
    this.abandon()
    const { ready, sealer, layouts, queued, hurry } = this.#context
    ready()
    const { kind, world, entry, status, gas, protocol, models, context, retention, output, log, files } = result
    const { chainId, height, time } = context
    const issued = new IssuedReceipt(sealer, hurry, {
      begun: this,
      layout: layouts.of({ kind, module: this.module, world, entry, status, protocol, chainId, retention }),
      fields: { gas, logged: log !== null, models, thread: this.lane.thread, seq: this.seq, height, time },
      output,
      log,
      keeping: keep(retention, this.salt, { input: this.input, output, log, files }),
    })
    this.lane.next = this.seq + 1
    this.lane.pending.push(issued)
    queued(issued)
    return issued
  }
}

/** Thread numbers are below this: also what a journal may name. */
const MAX_THREADS = 65_536
/** All of them, for a node with one journal. */
export const ALL_LANES: LaneRange = { first: 0, count: MAX_THREADS }
