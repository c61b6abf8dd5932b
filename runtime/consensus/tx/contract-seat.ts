/** Finds contracts in the state. */
import { equalBytes, isUtnetError, parseAddress } from '../../core/index.ts'
import {
  codeKey,
  decodeContract,
  decodeName,
  nameKey,
  storeKey,
  type ContractRecord,
  type NameRecord,
  type StateReader,
} from '../state/index.ts'
import type { ContractSeat, SessionState } from './call-session.ts'

/** The record of a name, if it was published. */
export function readName(state: StateReader, name: string): NameRecord | undefined {
  const bytes = state.get('contracts', nameKey(name))
  return bytes === undefined ? undefined : decodeName(bytes)
}

/** The record read last: calls of one contract come one after another. */
let last: { readonly bytes: Uint8Array; readonly record: ContractRecord } | undefined

/** The record of the contract at an address, if there is one. */
export function contractAt(state: StateReader, address: Uint8Array): ContractRecord | undefined {
  const bytes = state.get('contracts', codeKey(address))
  if (bytes === undefined) return undefined
  if (last === undefined || !equalBytes(last.bytes, bytes)) last = { bytes: bytes.slice(), record: decodeContract(bytes) }
  return last.record
}

/** The contract at an address. */
export function seatAt(state: StateReader, address: Uint8Array): ContractSeat | undefined {
  const record = contractAt(state, address)
  return record === undefined ? undefined : { address, module: record.module, owner: record.owner, version: record.version }
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

/** The state as a session of contracts sees it. */
export function sessionState(state: StateReader): SessionState {
  return {
    get: (contract, key) => state.get('contracts', storeKey(contract, key)),
    find(asked) {
      const address = addressOf(state, asked)
      return address === undefined ? undefined : seatAt(state, address)
    },
  }
}
