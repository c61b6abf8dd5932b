/** Carries the machine's effects out, one event at a time and each effect in its place. Disk, network, clock and application come in as ports. */
import { isUtnetError, totalPower } from '../../core/index.ts'
import type { BftEffect, BftEvent, Peer, Refusal, TimedStep } from './events.ts'
import type { Evidence } from './evidence.ts'
import type { Bft } from './machine.ts'
import type { FinalNotice, Message, Quorum, Verdict } from './messages.ts'
import type { HeightSetup } from './ports.ts'
import { isQuorum } from './quorum.ts'
import type { SignedRow } from './signed-row.ts'
import { PAUSE_MS } from './timeouts.ts'

type Maybe<T> = T | Promise<T>

/** The blocks: building, running, keeping. */
export interface BlockApp {
  /** The height after the head. */
  setup(): Maybe<HeightSetup>
  /** A new block; undefined when none can be made. */
  build(height: number, round: number): Maybe<Uint8Array | undefined>
  /** Runs a block on the head. */
  check(payload: Uint8Array): Maybe<{ readonly valid: boolean; readonly timely: boolean }>
  /** Makes a checked block the head; durable when it resolves. */
  commit(final: FinalNotice): Maybe<void>
  finalAt(height: number): Maybe<FinalNotice | undefined>
  /** What is said of work behind final blocks; a chain without such work has none. */
  readonly verdicts?: Verdicts
}

/** Verdicts on final blocks: they follow a block, and hold nothing up. */
export interface Verdicts {
  /** Final heights that this node has still to judge. */
  open(): readonly number[]
  /** The own verdict on a final height; undefined where nothing is asked for, or this node cannot tell. */
  judge(height: number): Promise<Verdict | undefined>
  /** Own verdicts that a block may still carry. */
  own(): readonly Verdict[]
  /** Takes another's; gives what is refused, of this one or of those that waited to be checked. */
  take(from: Peer, verdict: Verdict): readonly Refused[]
}

export interface Refused {
  readonly from: Peer
  readonly why: Refusal
}

/** What a timer brings back: `height` enters one, behind the pause. */
export interface Wake {
  readonly height: number
  readonly round: number
  readonly step: TimedStep | 'height'
}

export interface BftNodePorts {
  readonly app: BlockApp
  readonly loadRow: () => Maybe<SignedRow | undefined>
  /** Durable when it resolves. */
  readonly saveRow: (row: SignedRow) => Maybe<void>
  readonly send: (message: Message, to: Peer | undefined) => void
  /** Calls `fire` after so many milliseconds. */
  readonly timer: (ms: number, fire: Wake) => void
  /** How long it waits behind a block before it works on the next, milliseconds; a second without it. Whoever is behind does not wait. */
  readonly pauseMs?: number
  readonly onEvidence?: (evidence: Evidence) => void
  readonly onRefuse?: (from: Peer, why: Refusal) => void
  readonly onHalt?: (certificate: Quorum) => void
}

/** Final blocks given at once to one that asks. */
const FINALS_AT_ONCE = 8

export class BftNode {
  readonly machine: Bft
  readonly #ports: BftNodePorts
  #stopped = false
  /** The height that is entered when its pause is over. */
  #next: number | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(machine: Bft, ports: BftNodePorts) {
    this.machine = machine
    this.#ports = ports
  }

  /** Starts at the height after the head, where the node stopped. */
  start(): Promise<void> {
    return this.#queue(async () => {
      const row = await this.#ports.loadRow()
      await this.#run({ type: 'enter', setup: await this.#ports.app.setup(), ...(row === undefined ? {} : { row }) })
      for (const height of this.#ports.app.verdicts?.open() ?? []) void this.#judge(height)
    })
  }

  /** Takes a message of an authenticated peer. Rejects when the disk fails: the node must then be opened again. */
  receive(from: Peer, message: Message): Promise<void> {
    return this.#queue(() => {
      if (message.kind === 'want') return this.#answer(from, message.height)
      if (message.kind === 'verdict') return this.#takeVerdict(from, message)
      return this.#run({ type: 'message', from, message })
    })
  }

  fire({ height, round, step }: Wake): Promise<void> {
    return this.#queue(async () => {
      if (step === 'height') {
        if (this.#next === height) await this.#run({ type: 'enter', setup: await this.#ports.app.setup() })
        return
      }
      await this.#run({ type: 'timeout', height, round, step })
      if (step !== 'resend' || height !== this.machine.height) return
      const { verdicts } = this.#ports.app
      for (const verdict of verdicts?.own() ?? []) this.#ports.send(verdict, undefined)
      for (const open of verdicts?.open() ?? []) void this.#judge(open)
    })
  }

  /** Takes no further event. */
  stop(): void {
    this.#stopped = true
  }

  #queue(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(async () => {
      if (this.#stopped) return
      try {
        await work()
      } catch (error) {
        this.#stopped = true
        throw error
      }
    })
    this.#last = done.catch(() => undefined)
    return done
  }

  async #answer(to: Peer, height: number): Promise<void> {
    for (let h = height; h < height + FINALS_AT_ONCE; h++) {
      const final = await this.#ports.app.finalAt(h)
      if (final === undefined) return
      this.#ports.send(final, to)
    }
  }

  async #takeVerdict(from: Peer, verdict: Verdict): Promise<void> {
    for (const refused of this.#ports.app.verdicts?.take(from, verdict) ?? []) this.#ports.onRefuse?.(refused.from, refused.why)
  }

  /** Runs beside all else: the next height does not wait for it. */
  async #judge(height: number): Promise<void> {
    try {
      const verdict = await this.#ports.app.verdicts?.judge(height)
      if (verdict !== undefined && !this.#stopped) this.#ports.send(verdict, undefined)
    } catch (error) {
      // a store that failed or was closed: what stands on it ends the node by itself
      if (!isUtnetError(error)) throw error
    }
  }

  async #run(event: BftEvent): Promise<void> {
    const effects = this.machine.step(event)
    for (let i = 0; i < effects.length && !this.#stopped; i++) {
      const next = this.#carry(effects[i] as BftEffect)
      const then = next instanceof Promise ? await next : next
      if (then !== undefined) effects.push(...this.machine.step(then))
    }
  }

  /** Carries one effect out; gives the event that answers it. */
  #carry(effect: BftEffect): Maybe<BftEvent | undefined> {
    switch (effect.type) {
      case 'persist': {
        const saved = this.#ports.saveRow(effect.row)
        return saved instanceof Promise ? saved.then(() => undefined) : undefined
      }
      case 'send':
        this.#ports.send(effect.message, effect.to)
        return undefined
      case 'timer':
        this.#ports.timer(effect.ms, effect)
        return undefined
      case 'build':
        return this.#build(effect.height, effect.round)
      case 'check':
        return this.#check(effect.height, effect.block, effect.payload)
      case 'commit':
        return this.#commit(effect.final, effect.told)
      case 'evidence':
        this.#ports.onEvidence?.(effect.evidence)
        return undefined
      case 'refuse':
        this.#ports.onRefuse?.(effect.from, effect.why)
        return undefined
      case 'halt':
        this.#stopped = true
        this.#ports.onHalt?.(effect.certificate)
        return undefined
    }
  }

  async #build(height: number, round: number): Promise<BftEvent | undefined> {
    const payload = await this.#ports.app.build(height, round)
    return payload === undefined ? undefined : { type: 'built', height, round, payload }
  }

  async #check(height: number, block: string, payload: Uint8Array): Promise<BftEvent> {
    return { type: 'checked', height, block, ...(await this.#ports.app.check(payload)) }
  }

  /** Who alone decides has no network to wait for: without the pause it would make blocks as fast as it can. Who was told of the block is behind, and waits for nobody. */
  async #commit(final: FinalNotice, told: boolean): Promise<BftEvent | undefined> {
    await this.#ports.app.commit(final)
    const { height } = final.certificate
    void this.#judge(height)
    const setup = await this.#ports.app.setup()
    const { pauseMs = PAUSE_MS } = this.#ports
    if (told || (pauseMs === 0 && !decidesAlone(setup))) return { type: 'enter', setup }
    this.#next = setup.height
    this.#ports.timer(pauseMs, { height: setup.height, round: 0, step: 'height' })
    return undefined
  }
}

function decidesAlone({ members, self }: HeightSetup): boolean {
  return isQuorum(members[self]?.power ?? 0, totalPower(members))
}
