/** Lanes: the `seq` chains of a node, and the runs in flight on them. */
import { encodeReceipt, openingDigest, receiptId, runSeed, saltOf, UtnetError, type Attestation, type CID } from '../core/index.ts'
import { keep } from './openings.ts'
import type { Kept } from './record.ts'
import type { Issued, LaneRange, OpenRun, RunRequest } from './types.ts'

/** A receipt that waits for the disk. */
export interface Pending {
  readonly body: Uint8Array
  readonly id: CID
  readonly kept: Kept | null
  readonly resolve: (attestation: Attestation) => void
  readonly reject: (error: UtnetError) => void
}

export interface Lane {
  readonly thread: number
  /** `seq` of the next run. */
  next: number
  /** `seq` and root behind the last batch. */
  sealed: number
  prev: Uint8Array
  busy: boolean
  pending: Pending[]
}

/** More runs in flight than any node has; also what a journal may name. */
const MAX_LANES = 65_536

/** The lanes of a node, made as they are needed. */
export class Lanes {
  readonly all: Lane[] = []
  readonly #range: LaneRange

  constructor(range: LaneRange = { first: 0, count: MAX_LANES }) {
    this.#range = range
  }

  /** The lane of a number; undefined outside of the range. */
  of(thread: number): Lane | undefined {
    const { first, count } = this.#range
    if (thread < first || thread >= first + count) return undefined
    while (this.all.length <= thread - first)
      this.all.push({ thread: first + this.all.length, next: 0, sealed: 0, prev: new Uint8Array(32), busy: false, pending: [] })
    return this.all[thread - first]
  }

  /** The lowest lane without a run; throws `host_busy` when there is none. */
  free(): Lane {
    const found = this.all.find((lane) => !lane.busy) ?? this.of(this.#range.first + this.all.length)
    if (found === undefined) throw new UtnetError('host_busy', `${this.#range.count} runs are in flight`, { hint: 'try again in a moment' })
    return found
  }
}

export interface RunContext {
  readonly node: Uint8Array
  readonly salt: Uint8Array
  /** Throws when no receipt can be issued any more. */
  readonly ready: () => void
  /** Called with each receipt that was queued on its lane. */
  readonly queued: (pending: Pending) => void
}

/** Begins a run on a free lane. Whatever throws in here leaves the lane as it was. */
export function beginRun(lane: Lane, request: RunRequest, { node, salt, ready, queued }: RunContext): OpenRun {
  const { module, chainSeed } = request
  const input = request.input(saltOf(salt, 'secret'))
  const inputDigest = openingDigest('input', saltOf(salt, 'input'), input)
  const { thread, next: seq } = lane
  const seed = runSeed(chainSeed, module, inputDigest, thread, seq)
  lane.busy = true
  let ended = false
  const end = (): void => {
    if (ended) throw new UtnetError('node_internal', 'a run was ended twice')
    ended = true
    lane.busy = false
  }
  return {
    seed,
    salt,
    abandon: end,
    finish(result): Issued {
      end()
      ready()
      const { kind, world, entry, output, status, gas, protocol, log, models, context, retention, files } = result
      const body = encodeReceipt({
        v: 1,
        kind,
        module,
        world,
        entry,
        input: inputDigest,
        output: openingDigest('output', saltOf(salt, 'output'), output),
        status,
        gas,
        protocol,
        log: log === null ? null : openingDigest('log', saltOf(salt, 'log'), log),
        models,
        context: { ...context, seed },
        node,
        thread,
        seq,
        retention,
      })
      const id = receiptId(body)
      const kept = keep(retention, salt, { input, output, log, files })
      lane.next = seq + 1
      const attested = new Promise<Attestation>((resolve, reject) => {
        const pending = { body, id, kept, resolve, reject }
        lane.pending.push(pending)
        queued(pending)
      })
      // Whoever asked for `receipt=later` never looks: a failed disk must not end the process by this promise.
      attested.catch(() => {})
      return { id, attested }
    },
  }
}
