/** Events of contracts: what a call's receipt and a block's header commit to. */
import { asArray, asBytes, asCid, asText, decode, encode, type CID } from '../codec/index.ts'
import { LIMITS } from '../limits.ts'

/** An event of a contract. `data` is canonical dag-cbor. */
export interface ChainEvent {
  /** Address, 20 bytes. */
  readonly contract: Uint8Array
  readonly name: string
  readonly data: Uint8Array
}

/** Bytes of an event: what the `events` of a call's receipt are the Merkle root of. */
export function encodeEvent(event: ChainEvent): Uint8Array {
  return encode([event.contract, event.name, event.data])
}

/** The leaf of an event in the header's event root: it names the transaction, so that a proof says who caused it. */
export function eventLeaf(tx: CID, event: ChainEvent): Uint8Array {
  return encode([tx, event.contract, event.name, event.data])
}

/** Key, name and the item heads around an event's bytes. */
const LEAF_ROOM = 256

/** Transaction and event of a leaf; throws `core_not_canonical` for bytes that are none. */
export function readEventLeaf(bytes: Uint8Array): { readonly tx: CID; readonly event: ChainEvent } {
  const list = asArray(decode(bytes, 'event leaf', LIMITS.eventBytes + LEAF_ROOM), 'event leaf', 4)
  return {
    tx: asCid(list[0], 'transaction'),
    event: { contract: asBytes(list[1], 'contract', 20), name: asText(list[2], 'event name'), data: asBytes(list[3], 'event data') },
  }
}
