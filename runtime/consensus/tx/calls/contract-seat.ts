/** Finds contracts in the state. */
import { equalBytes, isUtnetError, parseAddress } from '../../../core/index.ts'
import {
  codeKey,
  decodeContract,
  decodeName,
  nameKey,
  type ContractRecord,
  type NameRecord,
  type StateReader,
  type WorkingState,
} from '../../state/index.ts'
import type { ContractSeat, SessionState } from './call-session.ts'

/** The record of a name, if it was published. */
export function readName(state: StateReader, name: string): NameRecord | undefined {
  const bytes = state.get('contracts', nameKey(name))
  return bytes === undefined ? undefined : decodeName(bytes)
}

interface Read {
  readonly bytes: Uint8Array
  readonly record: ContractRecord
  readonly seat: ContractSeat
}

/** The contract read last: calls of one contract come one after another. */
let last: Read | undefined

function read(state: StateReader, address: Uint8Array): Read | undefined {
  const bytes = state.get('contracts', codeKey(address))
  if (bytes === undefined) return undefined
  if (last === undefined || (last.bytes !== bytes && !equalBytes(last.bytes, bytes)) || !equalBytes(last.seat.address, address)) {
    const record = decodeContract(bytes)
    const { module, owner, version } = record
    last = { bytes, record, seat: { address, module, owner, version } }
  }
  return last
}

/** The record of the contract at an address, if there is one. */
export function contractAt(state: StateReader, address: Uint8Array): ContractRecord | undefined {
  return read(state, address)?.record
}

/** The contract at an address. */
export function seatAt(state: StateReader, address: Uint8Array): ContractSeat | undefined {
  return read(state, address)?.seat
}

/** An address where the text is one: a name cannot stand in for it, although it may look like it. */
function addressOf(state: StateReader, asked: string): Uint8Array | undefined {
  try {
    return parseAddress(asked)
  } catch (error) {
    if (!isUtnetError(error)) throw error
    return readName(state, asked)?.address ?? undefined
  }
}

/** Nothing is paid for making code ready. */
const FREE = { price: () => 0n, enter: () => {} }

/** The state as a session of contracts sees it. `warm` is what the code of those that are called is paid by. */
export function sessionState(state: StateReader, warm: Pick<WorkingState['warm'], 'price' | 'enter'> = FREE): SessionState {
  return {
    ready: (module) => warm.price(module),
    enter: (module) => warm.enter(module),
    get: ({ place }) => state.get('contracts', place.key, place.text),
    find(asked) {
      const address = addressOf(state, asked)
      return address === undefined ? undefined : seatAt(state, address)
    },
  }
}
