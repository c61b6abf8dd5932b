/** What a contract may import: its state, its context, events, hashing, other contracts. */
import {
  decode,
  isReservedEvent,
  isReservedKey,
  LIMITS,
  PARAMS,
  sha256,
  UtnetError,
  utf8Length,
  type Budgets,
  type Callee,
  type ContractEnv,
  type RunOutcome,
} from '../../../core/index.ts'
import { verifyEd25519 } from '../../../crypto/native.ts'
import { GuestTrap, hostFunction, LimitTrap, wit, type HostInterfaces } from '../../abi/index.ts'
import { Revert } from '../../ending/index.ts'
import type { Budget, CommonBudgets, RunState } from './state.ts'

const { bool, bytes, string, u32, u64, option } = wit
const { host } = PARAMS

export interface CalleeRun {
  readonly callee: Callee
  /** What the caller named it. */
  readonly asked: string
  readonly entry: string
  /** Canonical dag-cbor of the list of arguments. */
  readonly args: Uint8Array
  readonly gasLimit: bigint
}

export interface ContractParts {
  readonly env: ContractEnv
  /** Of all contracts of the transaction. */
  readonly events: { count: number }
  /** Addresses of the contracts at work, this one last. */
  readonly stack: readonly string[]
  /** Whether the contract has an export that takes the answer to a request. */
  readonly takesAnswer: (entry: string) => boolean
  /** Runs another contract above this one; says why not where nothing ran. Throws `host_module_missing`. */
  readonly runCallee: (run: CalleeRun) => RunOutcome | 'no-export' | 'arguments'
}

export class ContractState implements RunState, ContractParts {
  readonly meter: Budget
  readonly env: ContractEnv
  readonly events: { count: number }
  readonly stack: readonly string[]
  readonly takesAnswer: ContractParts['takesAnswer']
  readonly runCallee: ContractParts['runCallee']

  constructor(meter: Budget, { env, events, stack, takesAnswer, runCallee }: ContractParts) {
    this.meter = meter
    this.env = env
    this.events = events
    this.stack = stack
    this.takesAnswer = takesAnswer
    this.runCallee = runCallee
  }

  budgets(common: CommonBudgets): Budgets {
    return { ...common, eventsPerCall: { used: this.events.count, allowed: LIMITS.eventsPerCall } }
  }
}

function key(value: unknown): Uint8Array {
  const k = value as Uint8Array
  if (k.length > LIMITS.storageKeyBytes)
    throw new GuestTrap(`a storage key of ${k.length} bytes is over the limit storageKeyBytes of ${LIMITS.storageKeyBytes}`)
  if (isReservedKey(k)) throw new GuestTrap('a storage key that begins with a zero byte and "utnet:" is the chain\'s own')
  return k
}

/** Event data is a canonical map, so that every reader sees the same event. */
function checkEvent(name: string, data: Uint8Array): void {
  if (name.length === 0 || utf8Length(name) > LIMITS.storageKeyBytes) throw new GuestTrap('an event needs a name of at most 1024 bytes')
  if (isReservedEvent(name)) throw new GuestTrap('events whose names begin with "utnet:" are the chain\'s own')
  let value: unknown
  try {
    value = decode(data, 'event data', LIMITS.eventBytes)
  } catch (error) {
    if (error instanceof UtnetError) throw new GuestTrap(error.message)
    throw error
  }
  const plain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  if (!plain) throw new GuestTrap('event data must be a dag-cbor map')
}

const SIGNATURE_BYTES = 64
const KEY_BYTES = 32

/** Blocks of 64 with the padding of FIPS 180-4, 5.1.1 */
const hashGas = (length: number): number => host.sha256Base + Math.ceil((length + 9) / 64) * host.sha256Per64

export const CONTRACT: HostInterfaces<ContractState> = {
  'utnet:host/storage': {
    get: hostFunction({ key: bytes }, option(bytes), ({ env, meter }, [k]) => {
      meter.charge(host.storageRead)
      const value = env.get(key(k))
      return value === undefined ? [] : [value]
    }),
    set: hostFunction({ key: bytes, value: bytes }, undefined, ({ env, meter }, [k, v]) => {
      const value = v as Uint8Array
      if (value.length > LIMITS.storageValueBytes) {
        throw new GuestTrap(`a storage value of ${value.length} bytes is over the limit storageValueBytes of ${LIMITS.storageValueBytes}`)
      }
      const at = key(k)
      meter.charge(host.storageWrite + host.storageByte * (at.length + value.length))
      env.set(at, value)
      return null
    }),
    remove: hostFunction({ key: bytes }, undefined, ({ env, meter }, [k]) => {
      meter.charge(host.storageWrite)
      env.set(key(k), undefined)
      return null
    }),
  },
  'utnet:host/context': {
    caller: hostFunction({}, string, ({ env }) => env.caller),
    signer: hostFunction({}, string, ({ env }) => env.signer),
    contract: hostFunction({}, string, ({ env }) => env.contract),
    owner: hostFunction({}, string, ({ env }) => env.owner),
    version: hostFunction({}, u32, ({ env }) => env.version),
    height: hostFunction({}, u64, ({ env }) => env.height),
    time: hostFunction({}, u64, ({ env }) => env.time),
    'chain-id': hostFunction({}, string, ({ env }) => env.chainId),
    revert: hostFunction({ message: string }, undefined, (_, [message]) => {
      throw new Revert((message as string).slice(0, 1_024).toWellFormed())
    }),
  },
  'utnet:host/events': {
    emit: hostFunction({ name: string, data: bytes }, undefined, (state, [name, data]) => {
      if (++state.events.count > LIMITS.eventsPerCall)
        throw new LimitTrap('eventsPerCall', `more events than the limit eventsPerCall of ${LIMITS.eventsPerCall}`)
      state.meter.charge(host.eventBase)
      checkEvent(name as string, data as Uint8Array)
      state.env.emit(name as string, data as Uint8Array)
      return null
    }),
  },
  'utnet:host/crypto': {
    sha256: hostFunction({ data: bytes }, bytes, ({ meter }, [data]) => {
      meter.charge(hashGas((data as Uint8Array).length))
      return sha256(data as Uint8Array)
    }),
    'verify-ed25519': hostFunction({ signature: bytes, message: bytes, key: bytes }, bool, ({ meter }, [signature, message, key]) => {
      const [s, m, k] = [signature, message, key] as [Uint8Array, Uint8Array, Uint8Array]
      meter.charge(host.ed25519Verify + hashGas(m.length))
      return s.length === SIGNATURE_BYTES && k.length === KEY_BYTES && verifyEd25519(s, m, k)
    }),
  },
}
