/**
 * The contracts of one transaction or query at work: changes and events over the state that it began with, which a failing callee loses back to a mark.
 * Every read of that state is noted, once: with these reads a stranger repeats the run.
 */
import {
  byteString,
  formatAddress,
  limitError,
  LIMITS,
  UtnetError,
  utf8Length,
  type Callee,
  type CallWitness,
  type ChainEvent,
  type CID,
  type ContractEnv,
  type WitnessCallee,
} from '../../../core/index.ts'
import { Variable } from './variable.ts'

/** Where a contract stands, and what stands there. */
export interface ContractSeat {
  /** Address, 20 bytes. */
  readonly address: Uint8Array
  readonly module: CID
  /** Owner of the contract's name, 20 bytes. */
  readonly owner: Uint8Array
  readonly version: number
}

/** The state that a session begins with. */
export interface SessionState {
  get(variable: Variable): Uint8Array | undefined
  /** The contract of a name or of an address in text. */
  find(asked: string): ContractSeat | undefined
  /** Gas of making a module ready; 0 where it is. */
  ready(module: CID): bigint
  /** A module runs, and that was paid. */
  enter(module: CID): void
}

/** What contracts are told of block and sender; `time` is milliseconds since 1970. */
export interface SessionContext {
  /** Address of who signed, 20 bytes. */
  readonly signer: Uint8Array
  readonly height: number
  readonly time: number
  readonly chainId: string
}

/** The host checks what a contract stores and emits first; these limits hold whatever the host is. Throws `host_refused`. */
export function checkStorageKey(key: Uint8Array): void {
  if (key.length > LIMITS.storageKeyBytes)
    throw limitError('host_refused', 'storageKeyBytes', key.length, LIMITS.storageKeyBytes, 'storage key')
}

/** A contract at work, and what the session knows of its state, by key as text. */
interface Known {
  readonly seat: ContractSeat
  /** Names and addresses that it was asked for by. */
  asked: Set<string> | undefined
  /** Gas of making it ready, when it was asked for first. */
  ready: bigint
  readonly variables: Map<string, Variable>
  /** Those that were read of the state, in order. */
  readonly reads: (readonly [Uint8Array, Uint8Array | null])[]
}

/** What takes a change back: what stood there before it. An event has none. */
interface Undo {
  readonly variable: Variable
  readonly changed: boolean
  readonly value: Uint8Array | undefined
}

/** The chain's view of a contract in a session. */
class SessionEnv implements ContractEnv {
  readonly caller: string
  readonly signer: string
  readonly contract: string
  readonly owner: string
  readonly version: number
  readonly height: number
  readonly time: number
  readonly chainId: string
  readonly #session: CallSession
  readonly #known: Known

  constructor(session: CallSession, known: Known, caller: Uint8Array, { signer, height, time, chainId }: SessionContext) {
    const { address, owner, version } = known.seat
    this.caller = formatAddress(caller)
    this.signer = caller === signer ? this.caller : formatAddress(signer)
    this.contract = formatAddress(address)
    this.owner = formatAddress(owner)
    this.version = version
    this.height = height
    this.time = time
    this.chainId = chainId
    this.#session = session
    this.#known = known
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#session.get(this.#known, key)
  }

  set(key: Uint8Array, value: Uint8Array | undefined): void {
    this.#session.set(this.#known, key, value)
  }

  emit(name: string, data: Uint8Array): void {
    this.#session.emit(this.#known.seat.address, name, data)
  }

  callee(asked: string): Callee | undefined {
    return this.#session.callee(asked, this.#known.seat.address)
  }

  checkpoint(): number {
    return this.#session.checkpoint()
  }

  revert(mark: number): void {
    this.#session.revert(mark)
  }
}

export class CallSession {
  readonly events: ChainEvent[] = []
  /** The environment of the contract that is called first. */
  readonly env: ContractEnv
  readonly #state: SessionState
  readonly #context: SessionContext
  readonly #first: Known
  /** Contracts by address as text, the first one among them; none where it calls no other. */
  #known: Map<string, Known> | undefined
  /** Those that a contract asked for, in order of first use. */
  readonly #asked: Known[] = []
  /** How to take each change and event back, the newest last. */
  readonly #undo: (Undo | undefined)[] = []

  constructor(state: SessionState, context: SessionContext, seat: ContractSeat) {
    this.#state = state
    this.#context = context
    this.#first = { seat, asked: undefined, ready: 0n, variables: new Map(), reads: [] }
    this.env = new SessionEnv(this, this.#first, context.signer, context)
  }

  #know(seat: ContractSeat): Known {
    this.#known ??= new Map([[formatAddress(this.#first.seat.address), this.#first]])
    const at = formatAddress(seat.address)
    let known = this.#known.get(at)
    if (known === undefined) {
      known = { seat, asked: undefined, ready: 0n, variables: new Map(), reads: [] }
      this.#known.set(at, known)
    }
    return known
  }

  #variable(known: Known, key: Uint8Array): Variable {
    checkStorageKey(key)
    const text = byteString(key)
    let variable = known.variables.get(text)
    if (variable === undefined) {
      variable = new Variable(known.seat.address, key)
      known.variables.set(text, variable)
    }
    return variable
  }

  get(known: Known, key: Uint8Array): Uint8Array | undefined {
    const variable = this.#variable(known, key)
    if (variable.changed) return variable.value
    if (variable.read === undefined) {
      variable.read = this.#state.get(variable) ?? null
      known.reads.push([variable.key, variable.read])
    }
    return variable.read ?? undefined
  }

  set(known: Known, key: Uint8Array, value: Uint8Array | undefined): void {
    const variable = this.#variable(known, key)
    if (value !== undefined && value.length > LIMITS.storageValueBytes)
      throw limitError('host_refused', 'storageValueBytes', value.length, LIMITS.storageValueBytes, 'storage value')
    this.#undo.push({ variable, changed: variable.changed, value: variable.value })
    variable.changed = true
    variable.value = value
  }

  emit(contract: Uint8Array, name: string, data: Uint8Array): void {
    if (this.events.length >= LIMITS.eventsPerCall)
      throw limitError('host_refused', 'eventsPerCall', this.events.length + 1, LIMITS.eventsPerCall, 'events of a call')
    const size = utf8Length(name) + data.length
    if (size > LIMITS.eventBytes) throw limitError('host_refused', 'eventBytes', size, LIMITS.eventBytes, 'event')
    if (!name.isWellFormed()) throw new UtnetError('core_bad_argument', 'the name of an event has a lone surrogate')
    this.events.push({ contract, name, data })
    this.#undo.push(undefined)
  }

  callee(asked: string, caller: Uint8Array): Callee | undefined {
    const seat = this.#state.find(asked)
    if (seat === undefined) return undefined
    const { module } = seat
    const ready = this.#state.ready(module)
    const known = this.#know(seat)
    if (known.asked === undefined) {
      known.asked = new Set()
      known.ready = ready
      this.#asked.push(known)
    }
    known.asked.add(asked)
    return { module, env: new SessionEnv(this, known, caller, this.#context), ready, enter: () => this.#state.enter(module) }
  }

  checkpoint(): number {
    return this.#undo.length
  }

  /** Takes back all changes and events since a mark; without one, all of them. */
  revert(mark = 0): void {
    while (this.#undo.length > mark) {
      const undo = this.#undo.pop()
      if (undo === undefined) this.events.pop()
      else {
        undo.variable.changed = undo.changed
        undo.variable.value = undo.value
      }
    }
  }

  /** What the run changed, in no order that matters. */
  changes(): Variable[] {
    const changes: Variable[] = []
    for (const { variables } of this.#known?.values() ?? [this.#first])
      for (const variable of variables.values()) if (variable.changed) changes.push(variable)
    return changes
  }

  /** What the run saw; `changes` is the root of what it changed. */
  witness(gasLimit: bigint, changes: Uint8Array, hook: boolean): CallWitness {
    const { caller, contract, owner, version, height, time, chainId } = this.env
    const callees = this.#asked.map((known): WitnessCallee => {
      const { address, module, owner: owned, version: at } = known.seat
      return {
        asked: [...(known.asked ?? [])],
        contract: formatAddress(address),
        owner: formatAddress(owned),
        version: at,
        module,
        ready: known.ready,
        reads: known === this.#first ? [] : known.reads,
      }
    })
    return { caller, contract, owner, version, height, time, chainId, gasLimit, hook, reads: this.#first.reads, callees, changes }
  }
}
