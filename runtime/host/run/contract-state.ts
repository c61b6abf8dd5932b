/** What a contract may import: its state, its context, events, hashing. */
import { decode, LIMITS, PARAMS, sha256, UtnetError, utf8, type Budgets, type ContractEnv } from '../../core/index.ts'
import { GuestTrap, hostFunction, LimitTrap, wit, type HostInterfaces, type Meter } from '../abi/index.ts'
import { Revert } from './ending.ts'
import type { RunState } from './state.ts'

const { bytes, string, u64, option } = wit
const { host } = PARAMS

export class ContractState implements RunState {
  readonly meter: Meter
  readonly env: ContractEnv
  events = 0

  constructor(meter: Meter, env: ContractEnv) {
    this.meter = meter
    this.env = env
  }

  budgets(): Budgets {
    return { eventsPerCall: { used: this.events, allowed: LIMITS.eventsPerCall } }
  }
}

function key(value: unknown): Uint8Array {
  const k = value as Uint8Array
  if (k.length > LIMITS.storageKeyBytes)
    throw new GuestTrap(`a storage key of ${k.length} bytes is over the limit storageKeyBytes of ${LIMITS.storageKeyBytes}`)
  return k
}

/** Event data is a canonical map, so that every reader sees the same event. */
function checkEvent(name: string, data: Uint8Array): void {
  if (name.length === 0 || utf8(name).length > LIMITS.storageKeyBytes) throw new GuestTrap('an event needs a name of at most 1024 bytes')
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
      meter.charge(host.storageWrite + host.storageByte * (key(k).length + value.length))
      env.set(key(k), value)
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
    contract: hostFunction({}, string, ({ env }) => env.contract),
    height: hostFunction({}, u64, ({ env }) => env.height),
    time: hostFunction({}, u64, ({ env }) => env.time),
    'chain-id': hostFunction({}, string, ({ env }) => env.chainId),
    revert: hostFunction({ message: string }, undefined, (_, [message]) => {
      throw new Revert((message as string).slice(0, 1_024))
    }),
  },
  'utnet:host/events': {
    emit: hostFunction({ name: string, data: bytes }, undefined, (state, [name, data]) => {
      if (++state.events > LIMITS.eventsPerCall)
        throw new LimitTrap('eventsPerCall', `more events than the limit eventsPerCall of ${LIMITS.eventsPerCall}`)
      state.meter.charge(host.eventBase)
      checkEvent(name as string, data as Uint8Array)
      state.env.emit(name as string, data as Uint8Array)
      return null
    }),
  },
  'utnet:host/crypto': {
    sha256: hostFunction({ data: bytes }, bytes, ({ meter }, [data]) => {
      // Blocks of 64 with the padding of FIPS 180-4, 5.1.1
      meter.charge(Math.ceil(((data as Uint8Array).length + 9) / 64) * host.sha256Per64)
      return sha256(data as Uint8Array)
    }),
  },
}
