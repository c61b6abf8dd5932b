/**
 * The contracts of one transaction or query at work: changes and events over the state that it began with, which a failing callee loses back to a mark.
 * Every read of that state is noted, once: with these reads a stranger repeats the run.
 */
import {
  byteString,
  formatAddress,
  limitError,
  LIMITS,
  utf8,
  type Callee,
  type CallWitness,
  type ChainEvent,
  type CID,
  type ContractEnv,
  type WitnessCallee,
} from '../../core/index.ts'

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
  get(contract: Uint8Array, key: Uint8Array): Uint8Array | undefined
  /** The contract of a name or of an address in text. */
  find(asked: string): ContractSeat | undefined
}

export interface SessionContext {
  /** Address of who signed, 20 bytes. */
  readonly signer: Uint8Array
  readonly height: number
  readonly time: number
  readonly chainId: string
}

export interface ContractChange {
  readonly contract: Uint8Array
  readonly key: Uint8Array
  /** Undefined: removed. */
  readonly value: Uint8Array | undefined
}

/** The host checks what a contract stores and emits first; these limits hold whatever the host is. Throws `host_refused`. */
export function checkStorageKey(key: Uint8Array): void {
  if (key.length > LIMITS.storageKeyBytes)
    throw limitError('host_refused', 'storageKeyBytes', key.length, LIMITS.storageKeyBytes, 'storage key')
}

interface Known {
  readonly seat: ContractSeat
  readonly asked: Set<string>
  /** By key as text. */
  readonly reads: Map<string, readonly [Uint8Array, Uint8Array | null]>
}

export class CallSession {
  readonly events: ChainEvent[] = []
  /** The environment of the contract that is called first. */
  readonly env: ContractEnv
  readonly #state: SessionState
  readonly #context: SessionContext
  readonly #first: Known
  /** Contracts by address as text, the first one among them. */
  readonly #known = new Map<string, Known>()
  /** Those that a contract asked for, in order of first use. */
  readonly #asked: Known[] = []
  readonly #changes = new Map<string, ContractChange>()
  /** How to take each change and event back, the newest last. */
  readonly #undo: (() => void)[] = []

  constructor(state: SessionState, context: SessionContext, seat: ContractSeat) {
    this.#state = state
    this.#context = context
    this.#first = this.#know(seat)
    this.env = this.#envOf(this.#first, context.signer)
  }

  #know(seat: ContractSeat): Known {
    const at = formatAddress(seat.address)
    let known = this.#known.get(at)
    if (known === undefined) {
      known = { seat, asked: new Set(), reads: new Map() }
      this.#known.set(at, known)
    }
    return known
  }

  #get(known: Known, key: Uint8Array): Uint8Array | undefined {
    checkStorageKey(key)
    const { address } = known.seat
    const text = byteString(key)
    const changed = this.#changes.get(byteString(address) + text)
    if (changed !== undefined) return changed.value?.slice()
    const read = known.reads.get(text)
    if (read !== undefined) return read[1]?.slice()
    const value = this.#state.get(address, key)
    known.reads.set(text, [key.slice(), value?.slice() ?? null])
    return value?.slice()
  }

  #set(address: Uint8Array, key: Uint8Array, value: Uint8Array | undefined): void {
    checkStorageKey(key)
    if (value !== undefined && value.length > LIMITS.storageValueBytes)
      throw limitError('host_refused', 'storageValueBytes', value.length, LIMITS.storageValueBytes, 'storage value')
    const text = byteString(address) + byteString(key)
    const before = this.#changes.get(text)
    this.#undo.push(() => {
      if (before === undefined) this.#changes.delete(text)
      else this.#changes.set(text, before)
    })
    // the guest's memory changes under a view: what is kept is a copy
    this.#changes.set(text, { contract: address, key: key.slice(), value: value?.slice() })
  }

  #emit(contract: Uint8Array, name: string, data: Uint8Array): void {
    if (this.events.length >= LIMITS.eventsPerCall)
      throw limitError('host_refused', 'eventsPerCall', this.events.length + 1, LIMITS.eventsPerCall, 'events of a call')
    const size = utf8(name).length + data.length
    if (size > LIMITS.eventBytes) throw limitError('host_refused', 'eventBytes', size, LIMITS.eventBytes, 'event')
    this.events.push({ contract, name, data: data.slice() })
    this.#undo.push(() => this.events.pop())
  }

  #callee(asked: string, caller: Uint8Array): Callee | undefined {
    const seat = this.#state.find(asked)
    if (seat === undefined) return undefined
    const known = this.#know(seat)
    if (known.asked.size === 0) this.#asked.push(known)
    known.asked.add(asked)
    return { module: seat.module, env: this.#envOf(known, caller) }
  }

  #envOf(known: Known, caller: Uint8Array): ContractEnv {
    const { address, owner, version } = known.seat
    const { signer, height, time, chainId } = this.#context
    return {
      caller: formatAddress(caller),
      signer: formatAddress(signer),
      contract: formatAddress(address),
      owner: formatAddress(owner),
      version,
      height,
      time,
      chainId,
      get: (key) => this.#get(known, key),
      set: (key, value) => this.#set(address, key, value),
      emit: (name, data) => this.#emit(address, name, data),
      callee: (asked) => this.#callee(asked, address),
      checkpoint: () => this.#undo.length,
      revert: (mark) => this.revert(mark),
    }
  }

  /** Takes back all changes and events since a mark; without one, all of them. */
  revert(mark = 0): void {
    while (this.#undo.length > mark) this.#undo.pop()?.()
  }

  /** What the run changed, in no order that matters. */
  changes(): ContractChange[] {
    return [...this.#changes.values()]
  }

  /** What the run saw; `changes` is the root of what it changed. */
  witness(gasLimit: bigint, changes: Uint8Array, hook: boolean): CallWitness {
    const { caller, contract, owner, version, height, time, chainId } = this.env
    const callees = this.#asked.map((known): WitnessCallee => {
      const { address, module, owner: owned, version: at } = known.seat
      return {
        asked: [...known.asked],
        contract: formatAddress(address),
        owner: formatAddress(owned),
        version: at,
        module,
        reads: known === this.#first ? [] : [...known.reads.values()],
      }
    })
    const reads = [...this.#first.reads.values()]
    return { caller, contract, owner, version, height, time, chainId, gasLimit, hook, reads, callees, changes }
  }
}
