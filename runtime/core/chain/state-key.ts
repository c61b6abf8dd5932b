/** Keys of the state that strangers look up; the others stand in the chain. The prefixes end in `/`, so none is the beginning of another. */
import { abytes, copyInto, utf8 } from '../codec/index.ts'

const STORE = utf8('store/')

/** Keys stand one behind the other in a piece of memory, until it is full: each call makes some, and an array of its own for each costs more than its bytes. */
const ROOM = 16_384
let room = new Uint8Array(ROOM)
let used = 0

/** Contracts trie: a variable of the contract at an address (20 bytes). */
export function storeKey(address: Uint8Array, key: Uint8Array): Uint8Array {
  const length = STORE.length + abytes(address, 20, 'address').length + key.length
  if (used + length > ROOM) {
    room = new Uint8Array(Math.max(ROOM, length))
    used = 0
  }
  const at = used
  used += length
  copyInto(room, at, STORE, 0, STORE.length)
  copyInto(room, at + STORE.length, address, 0, 20)
  copyInto(room, at + STORE.length + 20, key, 0, key.length)
  return room.subarray(at, used)
}
