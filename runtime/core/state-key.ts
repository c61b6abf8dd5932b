/** Keys of the state that strangers look up; the others stand in the chain. The prefixes end in `/`, so none is the beginning of another. */
import { concatBytes, utf8 } from './bytes.ts'

const STORE = utf8('store/')

/** Contracts trie: a variable of the contract at an address (20 bytes). */
export function storeKey(address: Uint8Array, key: Uint8Array): Uint8Array {
  return concatBytes(STORE, address, key)
}
