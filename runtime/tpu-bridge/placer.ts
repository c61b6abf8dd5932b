/**
 * Places runs on devices and places them anew where a device cannot: it refuses the model, or fails in the middle (once: then the next fitting device begins from nothing,
 * and what the first had done is lost). What a device says of the caller's inputs is the answer, wherever it was.
 */
import type { ArithmeticClass, CID, ErrorCode } from '../core/index.ts'
import { limitError, LIMITS, UtnetError } from '../core/index.ts'
import type { Device, LoadedModel } from './device.ts'
import { DEFAULT_PRICE, placements, pricesOf, type Candidate } from './dispatch.ts'
import type { BridgeWatch } from './served.ts'
import type { SessionCache } from './sessions.ts'

export interface PlacerOptions {
  /** In order of preference. */
  readonly devices: readonly Device[]
  readonly sessions: SessionCache
  readonly watch: BridgeWatch
  /** By device; 1 where nothing is said. */
  readonly prices: Readonly<Record<string, number>>
  /** Milliseconds, for how long a refusal is believed. */
  readonly now: () => number
}

export interface Task<T> {
  readonly model: CID
  readonly arithmetic: ArithmeticClass
  readonly read: () => Promise<Uint8Array>
  readonly work: (device: Device, model: LoadedModel) => Promise<T>
}

/** What is known of a device. */
export type DeviceCondition = 'unused' | 'ready' | UtnetError

/** Where a device stands that says nothing of it. */
const HERE = 'processor'

/** A refusal of a model is believed for half a minute: what a server lacks now it may have then. */
const REFUSED_MS = 30_000

/** Refusals that are remembered at most. */
const REFUSALS_MAX = 1_024

interface Refusal {
  readonly error: UtnetError
  readonly until: number
}

/** What is said of the model, and counts for a while. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(['operator_unsupported', 'core_too_large', 'model_invalid'])
/** What another device may do better, before a model is loaded and in its runs: there a form of an operator shows that the device lacks. */
const BEFORE: ReadonlySet<ErrorCode> = new Set([...REFUSALS, 'device_missing', 'device_memory'])
const LATER: ReadonlySet<ErrorCode> = new Set(['operator_unsupported', 'core_too_large', 'device_memory'])

/** `midway`: the device had the run, and failed. */
type Tried<T> = { readonly result: T } | { readonly error: UtnetError; readonly midway: boolean }

interface Placement extends Candidate {
  readonly device: Device
}

export class Placer {
  readonly #options: PlacerOptions
  readonly #prices: ReadonlyMap<string, number>
  /** Runs that are not over, by place. */
  readonly #atWork = new Map<string, number>()
  readonly #refusals = new Map<string, Refusal>()
  readonly #conditions = new Map<string, DeviceCondition>()

  /** Throws `core_bad_argument` for prices that are none. */
  constructor(options: PlacerOptions) {
    this.#options = options
    this.#prices = pricesOf(options.devices, options.prices)
  }

  /** Whether the device can be used here, remembered for `condition`. Never rejects. */
  async available(device: Device): Promise<true | UtnetError> {
    const state = await device.available()
    this.#conditions.set(device.id, state === true ? 'ready' : state)
    return state
  }

  /** What was last seen of a device; nothing is asked of it. */
  condition(device: Device): DeviceCondition {
    return this.#conditions.get(device.id) ?? 'unused'
  }

  /** Runs at the device's place that are not over. */
  atWork({ place = HERE }: Device): number {
    return this.#atWork.get(place) ?? 0
  }

  /** A device that loaded a model takes it; one that did not is not asked for a while. Only what it says of the model counts. */
  learnt(device: Device, model: CID, refused: UtnetError | undefined): void {
    const key = `${device.id}/${model.toString()}`
    this.#refusals.delete(key)
    if (refused !== undefined && REFUSALS.has(refused.code))
      this.#refusals.set(key, { error: refused, until: this.#options.now() + REFUSED_MS })
    for (const old of this.#refusals.keys()) if (this.#refusals.size > REFUSALS_MAX) this.#refusals.delete(old)
  }

  /** Runs a task. Throws what the device says of the inputs, or what kept all fitting devices from running it; `host_busy` where they have too many, `device_missing` where none fits. */
  async run<T>(task: Task<T>): Promise<T> {
    const tried = new Set<Device>()
    let problem: UtnetError | undefined
    let failures = 0
    let lost: Device | undefined
    for (;;) {
      // anew each time: other runs have begun and ended meanwhile
      const device = this.#next(task, tried)
      if (device === undefined) throw problem ?? this.#none(task)
      if (lost !== undefined) this.#options.watch.replaced(lost.id)
      lost = undefined
      tried.add(device)
      const tryOut = await this.#on(device, task)
      if ('result' in tryOut) return tryOut.result
      const { error, midway } = tryOut
      if (midway && ++failures > 1) throw error
      if (midway) lost = device
      // the last word is that of who can do most
      if (problem === undefined || midway || error.fault === 'caller') problem = error
    }
  }

  /** The result, or why another device may be asked. Throws what would be the answer of any device. */
  async #on<T>(device: Device, { model, arithmetic, read, work }: Task<T>): Promise<Tried<T>> {
    const { place = HERE } = device
    this.#atWork.set(place, this.atWork(device) + 1)
    let loaded = false
    try {
      const state = await this.available(device)
      if (state !== true) return { error: state, midway: false }
      const use = (ready: LoadedModel): Promise<T> => {
        loaded = true
        return work(device, ready)
      }
      const result = await this.#options.sessions.use(device, model, read, use, arithmetic === 'any')
      this.learnt(device, model, undefined)
      return { result }
    } catch (error) {
      if (!(error instanceof UtnetError)) throw error
      const midway = error.code === 'device_failed'
      if (midway) this.#conditions.set(device.id, error)
      else if (!(loaded ? LATER : BEFORE).has(error.code)) throw error
      if (!loaded) this.learnt(device, model, error)
      return { error, midway }
    } finally {
      this.#atWork.set(place, this.atWork(device) - 1)
    }
  }

  #next({ model, arithmetic }: Task<unknown>, tried: ReadonlySet<Device>): Device | undefined {
    const candidates = this.#options.devices.map((device): Placement => {
      const price = this.#prices.get(device.id) ?? DEFAULT_PRICE
      const atWork = this.atWork(device)
      return { device, class: device.class, price, atWork, takes: atWork < LIMITS.deviceRuns && this.#refusal(device, model) === undefined }
    })
    return placements(candidates, arithmetic).find(({ device }) => !tried.has(device))?.device
  }

  #refusal(device: Device, model: CID): UtnetError | undefined {
    const key = `${device.id}/${model.toString()}`
    const found = this.#refusals.get(key)
    if (found === undefined || this.#options.now() < found.until) return found?.error
    this.#refusals.delete(key)
    return undefined
  }

  /** Why nobody was asked: those of the arithmetic have all the runs that they may have, or refused the model before, or there is none. */
  #none({ model, arithmetic }: Task<unknown>): UtnetError {
    const { devices } = this.#options
    const fit = placements(
      devices.map((device) => ({ device, class: device.class, price: DEFAULT_PRICE, atWork: 0, takes: true })),
      arithmetic,
    )
    const busy = fit.find(({ device }) => this.atWork(device) >= LIMITS.deviceRuns && this.#refusal(device, model) === undefined)?.device
    if (busy !== undefined)
      return limitError('host_busy', 'deviceRuns', this.atWork(busy) + 1, LIMITS.deviceRuns, `runs that wait for device ${busy.id}`)
    for (const { device } of fit) {
      const refusal = this.#refusal(device, model)
      if (refusal !== undefined) return refusal
    }
    return new UtnetError('device_missing', `this node has no device with ${arithmetic} arithmetic`, {
      hint: `its devices: ${devices.map((d) => d.id).join(', ') || 'none'}`,
    })
  }
}
