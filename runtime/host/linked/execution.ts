/** The core instances of a linked guest in their order, one counter for all of them, and the run that is in them: many one after the other where they can be made as new. */
import { isUtnetError, LIMITS, PARAMS, UtnetError, type Budgets, type RunStatus, type WitValue } from '../../core/index.ts'
import { GuestMemory, GuestTrap, jspi, LimitTrap, type Core, type CoreFunction, type Meter } from '../abi/index.ts'
import type { CoreRef, LinkedOptions } from '../component/index.ts'
import { isWasmTrap, OutOfGas, type Ending } from '../ending/index.ts'
import { INSTANCE_BYTES, type Pooled } from '../pool/index.ts'
import { CHARGE_EXPORT, COUNTER_MODULE, RESET_EXPORT, START_EXPORT } from '../prepare/index.ts'
import { GuestExit, type WasiRun } from '../wasi/index.ts'
import { ABI, FILES, INSTANCE, Ledger } from './ledger.ts'
import { Crossing } from './lending.ts'
import { placeOf } from './place.ts'
import type { Bound, LinkedEntry, LinkedGuest, PreparedInstance } from './prepared.ts'

type Exports = Readonly<Record<string, unknown>>

export interface LinkedEnding extends Ending {
  /** What a guest said that ended itself. */
  readonly exit?: number
}

const NO_MEMORY = new WebAssembly.Memory({ initial: 0, maximum: 0 })
const PAGE = 65_536
const U32_MAX = 0xffff_ffff

const NOTHING = new Uint8Array(0)

/** What the host's own frames weigh in `stackBytes` where it calls the guest while the guest calls it: from one component into another, and for a destructor. */
const BETWEEN_BYTES = 2_048
const DESTRUCTOR_BYTES = 512
const AT_WORK = 'a component that is at work is entered again'

export class LinkedExecution implements Meter, Pooled {
  readonly guest: LinkedGuest
  readonly #gas = new WebAssembly.Global({ value: 'i64', mutable: true }, 0n)
  readonly #stack = new WebAssembly.Global({ value: 'i32', mutable: true }, LIMITS.stackBytes)
  readonly #instances: Exports[] = []
  readonly #memories = new Map<LinkedOptions, GuestMemory>()
  readonly #made = new Map<Bound, CoreFunction>()

  // the run
  #state: WasiRun | undefined
  #limit = 0n
  /** In an allocator or a post-return: it may not call out (CanonicalABI.md, `may_leave`). */
  #inside = false
  /** Component instances at work: none of them may be entered again (CanonicalABI.md, `may_enter`). */
  readonly #entered = new Set<number>()
  #calls = 0
  /** Instances that the run has paid for: there are no others for it. */
  #reached = 0
  #broken = false
  #ledger: Ledger | undefined

  constructor(guest: LinkedGuest) {
    this.guest = guest
  }

  /** Makes all instances before anything runs or is paid for; false where one of them cannot be made, as its run will find. */
  assemble(): boolean {
    try {
      for (const instance of this.guest.instances) this.#instantiate(instance)
      return true
    } catch (error) {
      if (!(error instanceof GuestTrap)) throw error
      this.#instances.length = 0
      return false
    }
  }

  /** All memories that there are, the largest at the beginning first. */
  get memories(): readonly Uint8Array[] {
    return this.guest.memories.flatMap(({ instance, name }) => {
      const memory = this.#instances[instance]?.[name] as WebAssembly.Memory | undefined
      return memory === undefined ? [] : [new Uint8Array(memory.buffer)]
    })
  }

  /** The first memory. */
  get bytes(): Uint8Array {
    return this.memories[0] ?? NOTHING
  }

  /** Bytes of everything else: other memories, and what each instance takes. */
  get beside(): number {
    const [, ...others] = this.memories
    return others.reduce((n, { length }) => n + length, INSTANCE_BYTES * this.#instances.length)
  }

  /** Whether the instances can be made as good as new: the run in them came to its end. */
  get sound(): boolean {
    return !this.#broken && this.#instances.length === this.guest.instances.length
  }

  reset(): void {
    for (const exports of this.#instances) (exports[RESET_EXPORT] as () => void)()
    this.#state = undefined
  }

  /** Begins a run with the state that `make` gives it. `limit` is gas below 2^63. */
  begin<S extends WasiRun>(limit: bigint, make: (meter: Meter) => S): S {
    this.#limit = limit
    this.#gas.value = limit
    this.#inside = false
    this.#entered.clear()
    this.#calls = 0
    this.#reached = 0
    this.#ledger = this.guest.profiled ? new Ledger() : undefined
    const state = make(this)
    this.#state = state
    return state
  }

  get state(): WasiRun {
    return this.#state as WasiRun
  }

  /** A negative amount gives back what was declared and not used. */
  charge(gas: number): void {
    // An instance does it several times as fast as a global is reached from here
    const charge = gas >= 0 && gas <= U32_MAX ? (this.#instances[0]?.[CHARGE_EXPORT] as ((gas: number) => number) | undefined) : undefined
    if (charge === undefined) this.#gas.value -= BigInt(gas)
    if (charge === undefined ? this.#gas.value < 0n : charge(gas) !== 0) throw new OutOfGas()
    this.#ledger?.charge(gas)
  }

  #function({ instance, name }: CoreRef): CoreFunction {
    return (this.#instances[instance] as Exports)[name] as CoreFunction
  }

  #closed(fn: CoreFunction, ...args: readonly Core[]): unknown {
    const before = this.#inside
    this.#inside = true
    try {
      return fn(...args)
    } finally {
      this.#inside = before
    }
  }

  /** The memory that a function's canonical options name, with its allocator. */
  #memory(options: LinkedOptions): GuestMemory {
    let memory = this.#memories.get(options)
    if (memory === undefined) {
      const { memory: ref, realloc } = options
      const allocate = realloc && this.#function(realloc)
      memory = new GuestMemory(
        ref === undefined ? NO_MEMORY : ((this.#instances[ref.instance] as Exports)[ref.name] as WebAssembly.Memory),
        allocate && ((a, b, c, d) => this.#closed(allocate, a, b, c, d) as number),
        this,
      )
      this.#memories.set(options, memory)
    }
    return memory
  }

  /** Enters a component instance from within another; what is given back leaves it. */
  #into(component: number | undefined, weight: number): () => void {
    if (component !== undefined && this.#entered.has(component)) throw new GuestTrap(AT_WORK)
    const left = this.#stack.value - weight
    this.#stack.value = left
    if (left < 0) throw new GuestTrap('the stack limit was reached')
    if (component !== undefined) this.#entered.add(component)
    return () => {
      this.#stack.value = left + weight
      if (component !== undefined) this.#entered.delete(component)
    }
  }

  #enter(label: string): void {
    if (this.#inside) throw new GuestTrap('the guest called the host from its allocator')
    if (++this.#calls > LIMITS.hostCalls)
      throw new LimitTrap('hostCalls', `more host calls than the limit hostCalls of ${LIMITS.hostCalls}`)
    this.#ledger?.enter(label)
    this.charge(PARAMS.host.base)
  }

  #make(bound: Bound): CoreFunction {
    let made = this.#made.get(bound)
    if (made === undefined) {
      made = this.#core(bound)
      this.#made.set(bound, made)
    }
    return made
  }

  #core(bound: Bound): CoreFunction {
    switch (bound.kind) {
      case 'host':
        return this.#host(bound)
      case 'between':
        return this.#between(bound)
      case 'drop':
        return this.#drop(bound)
      case 'new':
        return (rep) => {
          this.#enter('host: resource.new')
          return this.state.handles.add(bound.resource, rep)
        }
      case 'rep':
        return (handle) => {
          this.#enter('host: resource.rep')
          return this.state.handles.get<number>((handle as number) >>> 0, bound.resource)
        }
    }
  }

  /** A destructor is the guest's own code, which may wait as any other. */
  #drop(bound: Extract<Bound, { kind: 'drop' }>): CoreFunction {
    const enter = (): void => this.#enter(`host: drop ${bound.resource}`)
    if (!bound.guest) {
      return (handle) => {
        enter()
        this.state.drop(bound.resource, handle as number)
      }
    }
    const take = (handle: unknown): { readonly value: number } | undefined => {
      enter()
      return this.state.handles.drop<number>((handle as number) >>> 0, bound.resource)
    }
    if (bound.destructor === undefined) return (handle) => void take(handle)
    const { core, enters } = bound.destructor
    if (!this.guest.suspends) {
      return (handle) => {
        const dropped = take(handle)
        if (dropped === undefined) return
        const leave = this.#into(enters, DESTRUCTOR_BYTES)
        this.#function(core)(dropped.value)
        leave()
      }
    }
    return new jspi.Suspending((handle) => {
      const dropped = take(handle)
      if (dropped === undefined) return undefined
      const leave = this.#into(enters, DESTRUCTOR_BYTES)
      return jspi.promising(this.#function(core))(dropped.value).then(leave)
    })
  }

  #host({ label, func, glue, options }: Extract<Bound, { kind: 'host' }>): CoreFunction {
    const run = func.run as (state: WasiRun, args: readonly WitValue[]) => WitValue | Promise<WitValue>
    if (!func.suspends) {
      return (...args) => {
        this.#enter(label)
        const memory = this.#memory(options)
        return glue.lower(memory, run(this.state, glue.lift(memory, args)) as WitValue, args)
      }
    }
    return new jspi.Suspending((...args) => {
      this.#enter(label)
      const memory = this.#memory(options)
      const value = run(this.state, glue.lift(memory, args))
      return value instanceof Promise ? value.then((v) => glue.lower(memory, v, args)) : glue.lower(memory, value, args)
    })
  }

  /** A call from one component to another: values leave one memory and enter the other. */
  #between({ label, func, from, to, lending, options, itself }: Extract<Bound, { kind: 'between' }>): CoreFunction {
    const { out, back } = lending
    const none = out === undefined && back === undefined
    const lower = (args: readonly Core[], crossing: Crossing | undefined): Core[] => {
      this.#enter(label)
      if (itself) throw new GuestTrap(AT_WORK)
      const values = from.lift(this.#memory(options), args)
      return to.lower(this.#memory(func.options), out === undefined ? values : out(values, crossing as Crossing))
    }
    const raise = (result: unknown, args: readonly Core[], crossing: Crossing | undefined): Core | undefined => {
      let value = to.lift(this.#memory(func.options), result)
      crossing?.settle()
      if (back !== undefined) [value] = back([value], new Crossing(this.state.handles)) as [WitValue]
      this.#postReturn(func.postReturn, result)
      return from.lower(this.#memory(options), value, args)
    }
    const begin = (): Crossing | undefined => (none ? undefined : new Crossing(this.state.handles))
    if (!this.guest.suspends) {
      return (...args) => {
        const crossing = begin()
        const values = lower(args, crossing)
        const leave = this.#into(func.component, BETWEEN_BYTES)
        const result = this.#function(func.core)(...values)
        leave()
        return raise(result, args, crossing)
      }
    }
    return new jspi.Suspending(async (...args) => {
      const crossing = begin()
      const values = lower(args, crossing)
      const leave = this.#into(func.component, BETWEEN_BYTES)
      const result = await jspi.promising(this.#function(func.core))(...values)
      leave()
      return raise(result, args, crossing)
    })
  }

  #postReturn(ref: CoreRef | undefined, result: unknown): void {
    if (ref !== undefined) this.#closed(this.#function(ref), ...(result === undefined ? [] : [result as Core]))
  }

  /** Pays for an instance and makes it, all but its start function, where that is not done. */
  #instance(prepared: PreparedInstance, at: number): Exports {
    this.#ledger?.enter(INSTANCE)
    this.charge(prepared.gas)
    this.#reached = at + 1
    return this.#instances[at] ?? this.#instantiate(prepared)
  }

  /** Makes the next instance. */
  #instantiate({ compiled, imports, placed }: PreparedInstance): Exports {
    const given = imports.map(({ source }) =>
      source.kind === 'made' ? this.#make(source.made) : (this.#instances[source.ref.instance] as Exports)[source.ref.name],
    )
    for (const { into, at: offset, base, length, target } of placed) {
      const at = base === undefined ? offset : ((given[base] as WebAssembly.Global<'i32'>).value + offset) >>> 0
      const size = 'size' in target ? target.size : sizeOf(given[target.import], into)
      if (at + length > size) throw new GuestTrap(`a segment lies outside its ${into}`)
    }
    const object: Record<string, Record<string, WebAssembly.ImportValue>> = Object.create(null) as never
    imports.forEach(({ module, name }, i) => {
      const of = (object[module] ??= Object.create(null) as Record<string, WebAssembly.ImportValue>)
      of[name] = given[i] as WebAssembly.ImportValue
    })
    object[COUNTER_MODULE] = { gas: this.#gas, stack: this.#stack }
    try {
      const { exports } = new WebAssembly.Instance(compiled, object)
      this.#instances.push(exports)
      return exports
    } catch (cause) {
      throw new UtnetError('host_fault', `the guest could not be instantiated: ${String(cause)}`, { cause })
    }
  }

  #finish({ export: { postReturn, options }, glue }: LinkedEntry, value: unknown): WitValue {
    this.#ledger?.enter(ABI)
    const result = glue.lift(this.#memory(options), value)
    this.#postReturn(postReturn, value)
    return result
  }

  #lower({ export: { options, component }, glue }: LinkedEntry, args: (state: WasiRun) => readonly WitValue[]): Core[] {
    this.#ledger?.enter(ABI)
    this.#entered.add(component)
    return glue.lower(this.#memory(options), args(this.state))
  }

  /** For the mounted files, which were brought here. */
  #pay(bytes: number): void {
    if (bytes === 0) return
    this.#ledger?.enter(FILES)
    this.charge(bytes * PARAMS.host.fileByte)
  }

  /** Runs an entry. Throws `host_fault` and whatever the state throws as a UtnetError. */
  async run(entry: LinkedEntry, args: (state: WasiRun) => readonly WitValue[]): Promise<LinkedEnding> {
    try {
      this.#pay(this.state.outside.files.size)
      if (this.guest.suspends) return await this.#runSuspending(entry, args)
      for (const [at, instance] of this.guest.instances.entries()) {
        const start = this.#instance(instance, at)[START_EXPORT]
        if (start !== undefined) (start as CoreFunction)()
      }
      return this.#ok(this.#finish(entry, this.#function(entry.export.core)(...this.#lower(entry, args))))
    } catch (error) {
      return this.#ended(error)
    }
  }

  async #runSuspending(entry: LinkedEntry, args: (state: WasiRun) => readonly WitValue[]): Promise<LinkedEnding> {
    for (const [at, instance] of this.guest.instances.entries()) {
      const start = this.#instance(instance, at)[START_EXPORT]
      if (start !== undefined) await jspi.promising(start as CoreFunction)()
    }
    const core = jspi.promising(this.#function(entry.export.core))
    return this.#ok(this.#finish(entry, await core(...this.#lower(entry, args))))
  }

  #ok(result: WitValue): LinkedEnding {
    return this.#ending('ok', result, this.#limit - this.#gas.value)
  }

  #ending(status: RunStatus, result: WitValue, gas: bigint): LinkedEnding {
    const ending = { status, result, gas, budgets: this.#budgets(gas) }
    if (this.#ledger === undefined) return ending
    const probes = this.#ledger.probes(this.guest, this.#instances)
    const profile = this.#ledger.lines(this.guest, this.#instances, gas)
    return { ...ending, profile, ...(probes.length === 0 ? {} : { probes }) }
  }

  /** Of its memories the largest counts, of those that its modules show. */
  #budgets(gas: bigint): Budgets {
    const memories = this.#instances
      .slice(0, this.#reached)
      .flatMap((exports, i) => (this.guest.instances[i] as PreparedInstance).memories.map((name) => exports[name] as WebAssembly.Memory))
    const pages = memories.reduce((most, { buffer }) => Math.max(most, buffer.byteLength / PAGE), 0)
    return {
      gas: { used: gas, allowed: this.#limit },
      memoryPages: { used: pages, allowed: LIMITS.memoryPages },
      hostCalls: { used: this.#calls, allowed: LIMITS.hostCalls },
      ...(this.#ledger === undefined ? {} : { stackBytes: { used: this.#ledger.stackUsed(this.#instances), allowed: LIMITS.stackBytes } }),
    }
  }

  /** The ending of a guest whose answer breaks a rule. */
  trapped(message: string): LinkedEnding {
    this.#broken = true
    return { ...this.#ending('trap', null, this.#limit), message }
  }

  #stopped(status: RunStatus, why: string, error: unknown, limit?: keyof Budgets): LinkedEnding {
    this.#broken = true
    const place = placeOf(error, this.guest.modules)
    const ending = { ...this.#ending(status, null, this.#limit), ...(limit === undefined ? {} : { limit }) }
    return place === undefined ? { ...ending, message: why } : { ...ending, message: `${why} in ${place.where}`, ...place }
  }

  #ended(error: unknown): LinkedEnding {
    if (isUtnetError(error)) {
      this.#broken = true
      throw error
    }
    if (error instanceof OutOfGas || this.#gas.value < 0n) return this.#stopped('out-of-gas', 'the gas limit was reached', error, 'gas')
    if (error instanceof GuestExit) return { ...this.#ok(null), exit: error.code }
    if (error instanceof GuestTrap || isWasmTrap(error)) {
      const left = this.#stack.value
      if (left >= 0) return this.#stopped('trap', (error as Error).message, error, error instanceof LimitTrap ? error.limit : undefined)
      const ending = this.#stopped('trap', `the stack limit stackBytes of ${LIMITS.stackBytes} was reached`, error, 'stackBytes')
      return { ...ending, budgets: { ...ending.budgets, stackBytes: { used: LIMITS.stackBytes - left, allowed: LIMITS.stackBytes } } }
    }
    this.#broken = true
    throw new UtnetError('host_fault', `the host failed while a guest ran: ${String(error)}`, { cause: error })
  }
}

function sizeOf(item: unknown, into: 'memory' | 'table'): number {
  return into === 'memory' ? (item as WebAssembly.Memory).buffer.byteLength : (item as WebAssembly.Table).length
}
