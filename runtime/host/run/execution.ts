/** One instance for one call: gas, host calls, and how the run ended. */
import { isUtnetError, LIMITS, PARAMS, UtnetError, type FunctionGas, type RunStatus, type WitValue } from '../../core/index.ts'
import { GuestMemory, GuestTrap, type Core, type CoreFunction, type Meter } from '../abi/index.ts'
import { GAS_EXPORT, STACK_EXPORT, START_EXPORT } from '../prepare/index.ts'
import { Revert } from './contract-state.ts'
import { placeOf } from './place.ts'
import type { BoundImport, Entry, PreparedGuest } from './prepared.ts'
import { ABI, INSTANCE, Tally } from './profile.ts'

/** Thrown by the host's own charges. */
class OutOfGas extends Error {
  override readonly name = 'OutOfGas'
}

/** The JavaScript Promise Integration of the engine, which TypeScript's library does not name yet. */
interface PromiseIntegration {
  promising(fn: CoreFunction): (...args: Core[]) => Promise<unknown>
  readonly Suspending: new (fn: (...args: Core[]) => Promise<unknown>) => CoreFunction
}
const jspi = WebAssembly as unknown as PromiseIntegration

/** What the imports of a world work on. */
export interface RunState {
  readonly meter: Meter
  /** Frees a resource of the guest. */
  drop?(resource: string, handle: number): void
}

/**
 * Told when this thread enters and leaves a guest, so that another can tell a run that does not come back. Every stretch counts for itself: a
 * suspended run has left.
 */
export interface Watch {
  enter(): void
  leave(): void
}

export interface Ending {
  readonly status: RunStatus
  readonly result: WitValue
  readonly gas: bigint
  readonly message?: string
  /** The function in which the run ended before its time, where it can be told. */
  readonly where?: string
  /** Of the profiling variant only. */
  readonly profile?: readonly FunctionGas[]
}

const NO_MEMORY = new WebAssembly.Memory({ initial: 0, maximum: 0 })

/** Throws `core_bad_argument` unless a gas limit is one. */
export function agas(limit: bigint): bigint {
  if (typeof limit !== 'bigint' || limit < 0n || limit > 0x7fff_ffff_ffff_ffffn) {
    throw new UtnetError('core_bad_argument', `the gas limit must be an unsigned integer below 2^63, got ${String(limit)}`)
  }
  return limit
}

export class Execution<S extends RunState> implements Meter {
  readonly state: S
  readonly #guest: PreparedGuest
  readonly #limit: bigint
  /** The instance's counter; before there is one, no gas at all. */
  #gas: { value: bigint } = { value: 0n }
  #memory: GuestMemory
  #exports: Readonly<Record<string, unknown>> = {}
  /** In the guest's allocator or post-return: it may not call out (CanonicalABI.md, `may_leave`). */
  #inside = false
  #calls = 0
  /** What the host's charges are for at present. */
  #account = INSTANCE
  readonly #tally: Tally | undefined
  readonly #watch: Watch | undefined

  constructor(guest: PreparedGuest, limit: bigint, state: (meter: Meter) => S, watch?: Watch) {
    this.#guest = guest
    this.#watch = watch
    this.#tally = guest.profiled ? new Tally() : undefined
    this.#limit = agas(limit)
    this.#memory = new GuestMemory(NO_MEMORY, undefined, this)
    this.state = state(this)
  }

  charge(gas: number): void {
    const left = this.#gas.value - BigInt(gas)
    this.#gas.value = left < 0n ? -1n : left
    if (left < 0n) throw new OutOfGas()
    this.#tally?.charge(this.#account, gas)
  }

  #core(name: string): CoreFunction {
    return this.#exports[name] as CoreFunction
  }

  /** Calls the guest where it may not call out. */
  #closed(fn: CoreFunction, ...args: readonly Core[]): unknown {
    this.#inside = true
    try {
      return fn(...args)
    } finally {
      this.#inside = false
    }
  }

  #enter(label: string): void {
    if (this.#inside) throw new GuestTrap('the guest called the host from its allocator')
    if (++this.#calls > LIMITS.hostCalls) throw new GuestTrap(`more host calls than the limit hostCalls of ${LIMITS.hostCalls}`)
    this.#for(label)
    this.charge(PARAMS.host.base)
  }

  /** From here on the host charges for this. */
  #for(account: string): void {
    this.#account = account
    this.#tally?.enter(account)
  }

  #import(bound: BoundImport): CoreFunction {
    if (bound.kind === 'drop') {
      return (handle) => {
        this.#enter(bound.label)
        this.state.drop?.(bound.resource, handle as number)
      }
    }
    const { glue } = bound
    const run = bound.func.run as (state: S, args: readonly WitValue[]) => WitValue | Promise<WitValue>
    if (!bound.func.suspends) {
      return (...args) => {
        this.#enter(bound.label)
        return glue.lower(this.#memory, run(this.state, glue.lift(this.#memory, args)) as WitValue, args)
      }
    }
    return new jspi.Suspending(async (...args) => {
      this.#enter(bound.label)
      const given = glue.lift(this.#memory, args)
      this.#watch?.leave()
      try {
        return glue.lower(this.#memory, await run(this.state, given), args)
      } finally {
        this.#watch?.enter()
      }
    })
  }

  #instantiate(): void {
    const guest = this.#guest
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {}
    for (const bound of guest.imports) {
      const of = (imports[bound.module] ??= Object.create(null) as Record<string, WebAssembly.ImportValue>)
      of[bound.name] = this.#import(bound) as WebAssembly.ImportValue
    }
    let instance: WebAssembly.Instance
    try {
      instance = new WebAssembly.Instance(guest.compiled, imports)
    } catch (cause) {
      throw new UtnetError('host_fault', `the guest could not be instantiated: ${String(cause)}`, { cause })
    }
    this.#exports = instance.exports
    this.#gas = instance.exports[GAS_EXPORT] as WebAssembly.Global<'i64'>
    this.#gas.value = this.#limit
    const realloc = guest.realloc === undefined ? undefined : this.#core(guest.realloc)
    const memory = guest.memory === undefined ? NO_MEMORY : (instance.exports[guest.memory] as WebAssembly.Memory)
    this.#memory = new GuestMemory(memory, realloc && ((a, b, c, d) => this.#closed(realloc, a, b, c, d) as number), this)
    this.#for(INSTANCE)
    this.charge(guest.instanceGas)
  }

  #lower({ glue }: Entry, args: readonly WitValue[]): Core[] {
    this.#for(ABI)
    return glue.lower(this.#memory, args)
  }

  #finish({ export: { core: _, postReturn }, glue }: Entry, value: unknown): WitValue {
    this.#account = ABI
    const result = glue.lift(this.#memory, value)
    if (postReturn !== undefined) this.#closed(this.#core(postReturn), ...(value === undefined ? [] : [value as Core]))
    return result
  }

  /** Runs an export of a guest that nothing suspends. Throws `host_fault` and whatever the state throws as a UtnetError. */
  run(entry: Entry, args: readonly WitValue[]): Ending {
    this.#watch?.enter()
    try {
      this.#instantiate()
      if (this.#exports[START_EXPORT] !== undefined) this.#core(START_EXPORT)()
      return this.#ok(this.#finish(entry, this.#core(entry.export.core)(...this.#lower(entry, args))))
    } catch (error) {
      return this.#ended(error)
    } finally {
      this.#watch?.leave()
    }
  }

  /** Runs an export whose imports may suspend it. */
  async runSuspending(entry: Entry, args: readonly WitValue[]): Promise<Ending> {
    this.#watch?.enter()
    try {
      this.#instantiate()
      if (this.#exports[START_EXPORT] !== undefined) await jspi.promising(this.#core(START_EXPORT))()
      const core = jspi.promising(this.#core(entry.export.core))
      return this.#ok(this.#finish(entry, await core(...this.#lower(entry, args))))
    } catch (error) {
      return this.#ended(error)
    } finally {
      this.#watch?.leave()
    }
  }

  #ending(status: RunStatus, result: WitValue, gas: bigint): Ending {
    const ending = { status, result, gas }
    return this.#tally === undefined ? ending : { ...ending, profile: this.#tally.lines(this.#guest, this.#exports, gas) }
  }

  #ok(result: WitValue): Ending {
    return this.#ending('ok', result, this.#limit - this.#gas.value)
  }

  /** The ending of a guest whose answer breaks a rule. */
  trapped(message: string): Ending {
    return { ...this.#ending('trap', null, this.#limit), message }
  }

  /** The whole limit is gone; the message says where it happened. */
  #stopped(status: RunStatus, why: string, error: unknown): Ending {
    const where = placeOf(error, this.#guest)
    const ending = this.#ending(status, null, this.#limit)
    return where === undefined ? { ...ending, message: why } : { ...ending, message: `${why} in ${where}`, where }
  }

  /** The guest ended its call itself: the message is its own, and what is left of the limit is not lost. */
  #refused(error: Revert): Ending {
    const where = placeOf(error, this.#guest)
    const ending = { ...this.#ending('refused', null, this.#limit - this.#gas.value), message: error.message }
    return where === undefined ? ending : { ...ending, where }
  }

  /** What stopped the guest. A fault of the node is thrown on: it is never a result. */
  #ended(error: unknown): Ending {
    if (isUtnetError(error)) throw error
    if (error instanceof OutOfGas || this.#gas.value < 0n) return this.#stopped('out-of-gas', 'the gas limit was reached', error)
    if (error instanceof Revert) return this.#refused(error)
    if (error instanceof GuestTrap || isWasmTrap(error)) {
      const deep = ((this.#exports[STACK_EXPORT] as WebAssembly.Global<'i32'> | undefined)?.value ?? 0) < 0
      return this.#stopped(
        'trap',
        deep ? `the stack limit stackBytes of ${LIMITS.stackBytes} was reached` : (error as Error).message,
        error,
      )
    }
    // RangeError (the machine's own stack or memory) and whatever else the host itself did wrong
    throw new UtnetError('host_fault', `the host failed while a guest ran: ${String(error)}`, { cause: error })
  }
}

/** A trap of the instance, or an attempt to suspend where nothing can. */
function isWasmTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || (error instanceof Error && error.constructor.name === 'SuspendError')
}
