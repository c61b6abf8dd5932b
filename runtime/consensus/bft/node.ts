/** Carries the machine's effects out, one event at a time and each effect in its place. Disk, network, clock and application come in as ports. */
import { isUtnetError, totalPower, type CID, type UtnetError } from '../../core/index.ts'
import type { BftEffect, BftEvent, Peer, Refusal, TimedStep } from './events.ts'
import {
  type Evidence,
  type FinalNotice,
  type Lack,
  type Message,
  type Quorum,
  type Verdict,
  type HeightSetup,
  isQuorum,
  type SignedRow,
} from '../messages/index.ts'
import type { Bft } from './machine.ts'
import { PAUSE_MS } from './timeouts.ts'

type Maybe<T> = T | Promise<T>

/** The blocks: building, running, keeping. */
export interface BlockApp {
  /** The height after the head. */
  setup(): Maybe<HeightSetup>
  /** A new block; undefined when none can be made. */
  build(height: number, round: number): Maybe<Uint8Array | undefined>
  /** Runs a block on the head; undefined as long as this node lacks code that it needs. */
  check(payload: Uint8Array): Maybe<{ readonly valid: boolean; readonly timely: boolean } | undefined>
  /** Makes a checked block the head; durable when it resolves. */
  commit(final: FinalNotice): Maybe<void>
  finalAt(height: number): Maybe<FinalNotice | undefined>
  /** What is said of work behind final blocks; a chain without such work has none. */
  readonly verdicts?: Verdicts
  /** What blocks need and this node lacks; an application whose blocks run no code has none. */
  readonly code?: Code
}

/** Code that this node lacks. */
export interface Code {
  /** A second has passed: others are asked. */
  tick(): void
  /** Keeps a module's file that somebody gave, durable when it resolves; says why not where it is not kept. */
  take(module: CID, file: Uint8Array): Maybe<Refusal | undefined>
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
  /** What to ask others for: heights below the head that wait for a verdict, of which too few votes are known here. */
  lacking(): readonly Lack[]
  /** Checked votes that one asks for, or why it gets none. */
  known(asked: Lack): readonly Verdict[] | Refusal
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

/** What a validator runs on. */
export interface BftNodePorts {
  readonly app: BlockApp
  readonly loadRow: () => Maybe<SignedRow | undefined>
  /** Durable when it resolves. */
  readonly saveRow: (row: SignedRow) => Maybe<void>
  readonly send: (message: Message, to: Peer | undefined) => void
  /** Calls `fire` after so many milliseconds. */
  readonly timer: (ms: number, fire: Wake) => void
  /** How long it waits behind a block before it works on the next, milliseconds; a second without it, and not less where light clients follow the chain. */
  readonly pauseMs?: number
  readonly onEvidence?: (evidence: Evidence) => void
  readonly onRefuse?: (from: Peer, why: Refusal) => void
  readonly onHalt?: (certificate: Quorum) => void
  /** Told of a final block that this node cannot read any more. */
  readonly onDamage?: (error: UtnetError) => void
}

/** Final blocks given at once to one that asks. */
const FINALS_AT_ONCE = 8
/** Bytes of final blocks after which a peer is given no more before the next tick or height: it may ask as often as it likes. */
const GIVEN_BYTES = 16 * 1024 * 1024

export class BftNode {
  readonly machine: Bft
  readonly #ports: BftNodePorts
  #stopped = false
  /** The height that is entered when its pause is over. */
  #next: number | undefined
  /** Who gave a final block last. */
  #teller: Peer | undefined
  /** From which height on it was asked for more. */
  #askedFrom = -FINALS_AT_ONCE
  /** Who was given verdicts on a height since the last tick. */
  readonly #given = new Set<string>()
  /** Bytes of final blocks that peers were given since the last tick. */
  readonly #givenBytes = new Map<Peer, number>()
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
      if (message.kind === 'lack') return this.#giveVerdicts(from, message)
      if (message.kind === 'final') this.#teller = from
      return this.#hear(from, message)
    })
  }

  /** Takes a module's file from a peer that was asked for it. Rejects as `receive` does. */
  receiveCode(from: Peer, module: CID, file: Uint8Array): Promise<void> {
    return this.#queue(async () => {
      const why = (await this.#ports.app.code?.take(module, file)) ?? undefined
      if (why === undefined) await this.#run({ type: 'code' })
      else this.#ports.onRefuse?.(from, why)
    })
  }

  fire({ height, round, step }: Wake): Promise<void> {
    return this.#queue(async () => {
      if (step === 'height') {
        if (this.#next === height) await this.#enter()
        return
      }
      if (step === 'resend') this.#ports.app.code?.tick()
      await this.#run({ type: 'timeout', height, round, step })
      if (step !== 'resend' || height !== this.machine.height) return
      this.#tick()
      const { verdicts } = this.#ports.app
      for (const verdict of verdicts?.own() ?? []) this.#ports.send(verdict, undefined)
      for (const open of verdicts?.open() ?? []) void this.#judge(open)
      this.#askForVerdicts()
    })
  }

  async #hear(from: Peer, message: Message): Promise<void> {
    await this.#run({ type: 'message', from, message })
    if (message.kind !== 'final' || message.certificate.height !== this.#next) return
    if (this.#isFinal(await this.#ports.app.setup())) await this.#enter()
  }

  /** Whether the next block is known to be final elsewhere: then there is nothing to wait for. What is merely said ends no pause. */
  #isFinal(setup: HeightSetup): boolean {
    const { found, liars } = this.machine.hasFinal(setup)
    for (const liar of liars) this.#ports.onRefuse?.(liar, 'certificate')
    return found
  }

  async #enter(): Promise<void> {
    this.#next = undefined
    await this.#run({ type: 'enter', setup: await this.#ports.app.setup() })
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

  /** Once for all that is given at once. */
  #askForMore(height: number): void {
    if (this.#teller === undefined || height < this.#askedFrom + FINALS_AT_ONCE) return
    this.#askedFrom = height
    this.#ports.send({ kind: 'want', height }, this.#teller)
  }

  async #answer(to: Peer, height: number): Promise<void> {
    for (let h = height; h < height + FINALS_AT_ONCE; h++) {
      const given = this.#givenBytes.get(to) ?? 0
      const final = given > GIVEN_BYTES ? undefined : await this.#unlessDamaged(() => this.#ports.app.finalAt(h))
      if (final === undefined) return
      this.#givenBytes.set(to, given + final.payload.length)
      this.#ports.send(final, to)
    }
  }

  /** What others want of blocks behind the head is left out where the disk damaged it: else whoever asks would end this node. */
  async #unlessDamaged<T>(read: () => Maybe<T>): Promise<T | undefined> {
    try {
      return await read()
    } catch (error) {
      if (!isUtnetError(error, 'data_corrupt')) throw error
      this.#ports.onDamage?.(error)
      return undefined
    }
  }

  async #takeVerdict(from: Peer, verdict: Verdict): Promise<void> {
    const refused = await this.#unlessDamaged(() => this.#ports.app.verdicts?.take(from, verdict))
    for (const { from: liar, why } of refused ?? []) this.#ports.onRefuse?.(liar, why)
  }

  /** A vote may have come to a few only, and who gave it may be gone: the others have it. Once at each height, and each second. */
  #askForVerdicts(): void {
    for (const lack of this.#ports.app.verdicts?.lacking() ?? []) this.#ports.send(lack, undefined)
  }

  /** A second, or a height, has passed: peers may be given again. */
  #tick(): void {
    this.#given.clear()
    this.#givenBytes.clear()
  }

  async #giveVerdicts(to: Peer, lack: Lack): Promise<void> {
    const name = `${to}/${lack.height}`
    const known = this.#given.has(name) ? 'duplicate' : (this.#ports.app.verdicts?.known(lack) ?? 'stale')
    if (typeof known === 'string') this.#ports.onRefuse?.(to, known)
    else {
      this.#given.add(name)
      for (const verdict of known) this.#ports.send(verdict, to)
    }
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

  async #check(height: number, block: string, payload: Uint8Array): Promise<BftEvent | undefined> {
    const verdict = await this.#ports.app.check(payload)
    return verdict && { type: 'checked', height, block, ...verdict }
  }

  /**
   * All wait behind a block, those too that were told of it: else one peer that tells everybody at once would set the pace of the chain, and the trusting period is
   * counted in blocks. Who is behind is given what others have meanwhile, and goes on at once.
   */
  async #commit(final: FinalNotice, told: boolean): Promise<BftEvent | undefined> {
    await this.#ports.app.commit(final)
    const { height } = final.certificate
    this.#tick()
    void this.#judge(height)
    if (!told) this.#askForVerdicts()
    const setup = await this.#ports.app.setup()
    const { pauseMs = PAUSE_MS } = this.#ports
    // who alone decides would never come back from making blocks
    if (pauseMs === 0 && !decidesAlone(setup)) return { type: 'enter', setup }
    if (this.#isFinal(setup)) return { type: 'enter', setup }
    this.#next = setup.height
    this.#ports.timer(pauseMs, { height: setup.height, round: 0, step: 'height' })
    if (told) this.#askForMore(setup.height)
    return undefined
  }
}

function decidesAlone({ members, self }: HeightSetup): boolean {
  return isQuorum(members[self]?.power ?? 0, totalPower(members))
}
