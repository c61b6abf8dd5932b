/** An instance of a guest and the run that is in it: gas, host calls, how the run ended. One run at a time; many one after the other. */
import {
  isUtnetError,
  LIMITS,
  PARAMS,
  UtnetError,
  type Budgets,
  type RunOutcome,
  type RunStatus,
  type WitValue,
} from '../../../core/index.ts'
import { GuestMemory, GuestTrap, jspi, LimitTrap, type Core, type CoreForm, type CoreFunction } from '../../abi/index.ts'
import { newMemory, type Pooled } from '../../pool/index.ts'
import { isWasmTrap, OutOfGas, Revert, type Ending } from '../../ending/index.ts'
import type { Budget, CommonBudgets, RunState } from '../imports/index.ts'
import { instantiate, type Linked, type Modules } from './instantiate.ts'
import { readLeastStack, readProbes } from '../../prepare/index.ts'
import { hintOf, placeOf } from './place.ts'
import type { BoundImport, Entry, PreparedGuest } from './prepared.ts'
import { ABI, INSTANCE, Tally } from './profile.ts'

/** Is told when a run has the thread and when it has not. */
export interface Turns {
  enter(): void
  leave(): void
  /** The run is about to wait, with `bytes` of memory. Throws `host_busy` where that is too much. */
  wait(bytes: number): void
}

const NO_MEMORY = new WebAssembly.Memory({ initial: 0, maximum: 0 })
const PAGE = 65_536
const U32_MAX = 0xffff_ffff

/** The core functions of an entry, looked up once. */
interface Entered {
  readonly core: CoreFunction
  readonly postReturn: CoreFunction | undefined
  promising: ((...args: Core[]) => Promise<unknown>) | undefined
}

/** Where imports find the instance that calls them. */
class Seat {
  instance: GuestInstance | undefined = undefined

  /** Pays for a call of the host. */
  enter(label: string): GuestInstance {
    const it = this.instance as GuestInstance
    it.enter(label)
    return it
  }
}

interface Bound {
  readonly seat: Seat
  readonly modules: Modules
}

export class GuestInstance implements Budget, Pooled {
  static readonly #shared = new WeakMap<PreparedGuest, Bound>()

  readonly guest: PreparedGuest
  readonly #seat: Seat
  readonly #linked: Linked
  /** What it was lent. */
  readonly lent: WebAssembly.Memory | undefined
  readonly #memory: GuestMemory
  /** All of the memory, also where the ABI needs none. */
  readonly #whole: GuestMemory
  readonly #entered = new Map<Entry, Entered>()
  #starting: ((...args: Core[]) => Promise<unknown>) | undefined

  // the run
  #state: RunState | undefined
  #turns: Turns | undefined
  #limit = 0n
  /** In the guest's allocator or post-return: it may not call out (CanonicalABI.md, `may_leave`). */
  #inside = false
  #calls = 0
  #broken = false
  /** What the host's charges are for at present. */
  #account = INSTANCE
  #tally: Tally | undefined
  /** Of the profiling variant, with that of contracts that this one called. */
  #stackUsed = 0

  /** `lent` is a memory as new, of the guest's shape, where it is lent one. Throws `host_fault`. */
  constructor(guest: PreparedGuest, lent: WebAssembly.Memory | undefined = guest.lent && newMemory(guest.lent)) {
    this.guest = guest
    this.lent = lent
    const { seat, modules } = GuestInstance.#bound(guest)
    this.#seat = seat
    if (guest.suspends) seat.instance = this
    this.#linked = instantiate(guest, modules, lent)
    const { exports } = this.#linked
    const realloc = guest.realloc === undefined ? undefined : (exports[guest.realloc] as CoreFunction)
    const memoryOf = (name: string | undefined): WebAssembly.Memory =>
      name === undefined ? NO_MEMORY : (exports[name] as WebAssembly.Memory)
    const allocate =
      realloc &&
      ((old: number, size: number, align: number, wanted: number): number => {
        this.#inside = true
        try {
          return realloc(old, size, align, wanted) as number
        } finally {
          this.#inside = false
        }
      })
    this.#memory = new GuestMemory(memoryOf(guest.memory), allocate, this)
    this.#whole = guest.wholeMemory === guest.memory ? this.#memory : new GuestMemory(memoryOf(guest.wholeMemory), undefined, this)
  }

  get bytes(): Uint8Array {
    return this.#whole.bytes
  }

  /** Whether the instance can be made as good as new: it did not end its run early. */
  get sound(): boolean {
    return !this.#broken
  }

  reset(): void {
    this.#linked.reset()
    this.#state = undefined
    this.#turns = undefined
  }

  /** Begins a run. `limit` is gas below 2^63. */
  begin(limit: bigint, state: RunState, turns: Turns): void {
    this.#state = state
    this.#turns = turns
    this.#limit = limit
    this.#inside = false
    this.#calls = 0
    this.#linked.gas.value = limit
    if (this.guest.profiled) {
      this.#tally = new Tally()
      this.#stackUsed = 0
    }
  }

  charge(gas: number): void {
    if (gas > U32_MAX) this.#chargeMuch(gas)
    else if (this.#linked.charge(gas) !== 0) throw new OutOfGas()
    this.#tally?.charge(this.#account, gas)
  }

  #chargeMuch(gas: number): void {
    const counter = this.#linked.gas
    const left = counter.value - BigInt(gas)
    counter.value = left < 0n ? -1n : left
    if (left < 0n) throw new OutOfGas()
  }

  /** Gas that is left. */
  get left(): bigint {
    const { value } = this.#linked.gas
    return value < 0n ? 0n : value
  }

  /** Bytes of the stack limit that are left where the guest stands now: less than all where another guest of this thread waits beneath. */
  get stackLeft(): number {
    return this.#linked.stack.value
  }

  set stackLeft(bytes: number) {
    this.#linked.stack.value = bytes
  }

  /** The memory that the ABI works on. */
  get memory(): GuestMemory {
    return this.#memory
  }

  /** What the world keeps of the run. */
  get state(): RunState | undefined {
    return this.#state
  }

  /** The guest calls the host. */
  enter(label: string): void {
    if (this.#inside) throw new GuestTrap('the guest called the host from its allocator')
    if (++this.#calls > LIMITS.hostCalls)
      throw new LimitTrap('hostCalls', `more host calls than the limit hostCalls of ${LIMITS.hostCalls}`)
    this.#for(label)
    this.charge(PARAMS.host.base)
  }

  /** From here on the host charges for this. */
  #for(account: string): void {
    this.#account = account
    this.#tally?.enter(account)
  }

  /** What answers an import for whichever instance sits in the seat. */
  static #import(seat: Seat, bound: BoundImport): CoreFunction {
    const { label } = bound
    if (bound.kind === 'drop') {
      const { resource } = bound
      return (handle) => seat.enter(label).#state?.drop?.(resource, handle as number)
    }
    if (bound.kind === 'core') return (bound.form as CoreForm<RunState | undefined>)(() => seat.enter(label))
    const { glue } = bound
    const run = bound.func.run as (state: RunState | undefined, args: readonly WitValue[]) => WitValue | Promise<WitValue>
    if (!bound.func.suspends) {
      return (...args) => {
        const it = seat.enter(label)
        return glue.lower(it.#memory, run(it.#state, glue.lift(it.#memory, args)) as WitValue, args)
      }
    }
    return new jspi.Suspending(async (...args) => {
      const it = seat.enter(label)
      const turns = it.#turns as Turns
      turns.wait(it.#whole.bytes.length)
      const answer = run(it.#state, glue.lift(it.#memory, args))
      turns.leave()
      let value: WitValue
      try {
        value = await answer
      } finally {
        turns.enter()
      }
      return glue.lower(it.#memory, value, args)
    })
  }

  static #bind(guest: PreparedGuest): Bound {
    const seat = new Seat()
    const modules: Modules = {}
    for (const bound of guest.imports) {
      const of = (modules[bound.module] ??= Object.create(null) as Record<string, WebAssembly.ImportValue>)
      of[bound.name] = GuestInstance.#import(seat, bound) as WebAssembly.ImportValue
    }
    return { seat, modules }
  }

  /** Runs of a guest that nothing suspends lie within each other, so its instances share their imports; others have their own. */
  static #bound(guest: PreparedGuest): Bound {
    if (guest.suspends) return GuestInstance.#bind(guest)
    let bound = GuestInstance.#shared.get(guest)
    if (bound === undefined) {
      bound = GuestInstance.#bind(guest)
      GuestInstance.#shared.set(guest, bound)
    }
    return bound
  }

  #entry(entry: Entry): Entered {
    let found = this.#entered.get(entry)
    if (found === undefined) {
      const { exports } = this.#linked
      const { core, postReturn } = entry.export
      found = {
        core: exports[core] as CoreFunction,
        postReturn: postReturn === undefined ? undefined : (exports[postReturn] as CoreFunction),
        promising: undefined,
      }
      this.#entered.set(entry, found)
    }
    return found
  }

  #lower({ glue }: Entry, args: readonly WitValue[]): Core[] {
    this.#for(ABI)
    return glue.lower(this.#memory, args)
  }

  #finish({ glue }: Entry, { postReturn }: Entered, value: unknown): WitValue {
    this.#account = ABI
    const result = glue.lift(this.#memory, value)
    if (postReturn === undefined) return result
    this.#inside = true
    if (value === undefined) postReturn()
    else postReturn(value as Core)
    this.#inside = false
    return result
  }

  /** Pays for the instance, as if it had been made for this run. */
  #pay(): void {
    this.#for(INSTANCE)
    this.charge(this.guest.instanceGas)
  }

  /** Runs an export of a guest that nothing suspends. Throws `host_fault` and whatever the state throws as a UtnetError. */
  run(entry: Entry, args: readonly WitValue[]): Ending {
    const turns = this.#turns as Turns
    const seat = this.#seat
    const outer = seat.instance
    seat.instance = this
    turns.enter()
    try {
      this.#pay()
      const { start } = this.#linked
      if (start !== undefined) start()
      const entered = this.#entry(entry)
      return this.#ok(this.#finish(entry, entered, entered.core(...this.#lower(entry, args))))
    } catch (error) {
      return this.#ended(error)
    } finally {
      turns.leave()
      seat.instance = outer
    }
  }

  /** Runs an export whose imports may suspend it. */
  async runSuspending(entry: Entry, args: readonly WitValue[]): Promise<Ending> {
    const turns = this.#turns as Turns
    turns.enter()
    try {
      this.#pay()
      const { start } = this.#linked
      if (start !== undefined) await (this.#starting ??= jspi.promising(start))()
      const entered = this.#entry(entry)
      entered.promising ??= jspi.promising(entered.core)
      return this.#ok(this.#finish(entry, entered, await entered.promising(...this.#lower(entry, args))))
    } catch (error) {
      return this.#ended(error)
    } finally {
      turns.leave()
    }
  }

  #ending(status: RunStatus, result: WitValue, gas: bigint): Ending {
    const common: CommonBudgets = {
      gas: { used: gas, allowed: this.#limit },
      memoryPages: { used: this.#whole.bytes.length / PAGE, allowed: this.guest.memoryPages },
      hostCalls: { used: this.#calls, allowed: LIMITS.hostCalls },
    }
    const budgets: Budgets = this.#state?.budgets?.(common) ?? common
    const ending = { status, result, gas, budgets }
    return this.#tally === undefined ? ending : this.#profiled(ending, this.#tally)
  }

  #profiled(ending: Ending, tally: Tally): Ending {
    const { exports } = this.#linked
    const { probes } = this.guest
    this.#deepest(LIMITS.stackBytes - readLeastStack(exports))
    return {
      ...ending,
      budgets: { ...ending.budgets, stackBytes: { used: this.#stackUsed, allowed: LIMITS.stackBytes } },
      profile: tally.lines(this.guest, exports, ending.gas),
      ...(probes === 0 ? {} : { probes: readProbes(exports, probes) }),
    }
  }

  #deepest(used: number): void {
    if (used > this.#stackUsed) this.#stackUsed = used
  }

  /** A contract that this one called has ended; its gas is charged here next. */
  called(name: string, { profile, budgets, gas }: RunOutcome): void {
    this.#tally?.callee(name, profile ?? [], this.#account, gas)
    this.#deepest(Number(budgets?.stackBytes?.used ?? 0))
  }

  #ok(result: WitValue): Ending {
    return this.#ending('ok', result, this.#limit - this.#linked.gas.value)
  }

  /** The ending of a guest whose answer breaks a rule. */
  trapped(message: string): Ending {
    this.#broken = true
    return { ...this.#ending('trap', null, this.#limit), message }
  }

  /** The whole limit is gone; the message says where it happened. */
  #stopped(status: RunStatus, why: string, error: unknown, limit: keyof Budgets | undefined): Ending {
    this.#broken = true
    const place = placeOf(error, this.guest)
    const ending = { ...this.#ending(status, null, this.#limit), ...(limit === undefined ? {} : { limit }) }
    return place === undefined
      ? { ...ending, message: why }
      : { ...ending, message: `${why} in ${place.where}${hintOf(why, place.where)}`, ...place }
  }

  #tooDeep(used: number, error: unknown): Ending {
    const ending = this.#stopped('trap', `the stack limit stackBytes of ${LIMITS.stackBytes} was reached`, error, 'stackBytes')
    return { ...ending, budgets: { ...ending.budgets, stackBytes: { used, allowed: LIMITS.stackBytes } } }
  }

  /** The guest ended its call itself: the message is its own, and what is left of the limit is not lost. */
  #refused(error: Revert): Ending {
    const ending = { ...this.#ending('refused', null, this.#limit - this.#linked.gas.value), message: error.message }
    return { ...ending, ...placeOf(error, this.guest) }
  }

  /** What stopped the guest. A fault of the node is thrown on: it is never a result. */
  #ended(error: unknown): Ending {
    if (isUtnetError(error)) {
      this.#broken = true
      throw error
    }
    if (error instanceof OutOfGas || this.#linked.gas.value < 0n)
      return this.#stopped('out-of-gas', 'the gas limit was reached', error, 'gas')
    if (error instanceof Revert) return this.#refused(error)
    if (error instanceof GuestTrap || isWasmTrap(error)) {
      const left = this.stackLeft
      if (left < 0) return this.#tooDeep(LIMITS.stackBytes - left, error)
      return this.#stopped('trap', (error as Error).message, error, error instanceof LimitTrap ? error.limit : undefined)
    }
    this.#broken = true
    // RangeError (the machine's own stack or memory) and whatever else the host itself did wrong
    throw new UtnetError('host_fault', `the host failed while a guest ran: ${String(error)}`, { cause: error })
  }
}
