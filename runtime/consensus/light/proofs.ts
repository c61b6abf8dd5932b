/** What a final header proves with a Merkle path: state, receipts, events. The header must be one that the light client accepted. */
import {
  batchLeaf,
  callLeaf,
  decodeAccount,
  leafHash,
  nodeAccountKey,
  storeKey,
  verifyAnchor,
  verifyInclusion,
  verifyTrieProof,
  type Account,
  type Anchor,
  type Attestation,
  type Header,
  type StateRoots,
  type TrieProof,
  batchMessage,
} from '../../core/index.ts'
import { verifyEd25519 } from '../../crypto/index.ts'
import { refuse } from './trusted.ts'

/** A value of a trie, or null where the trie holds nothing, with its path. */
export interface Proven {
  readonly value: Uint8Array | null
  readonly proof: TrieProof
}

/** Throws `light_invalid` unless the trie holds the value under the key, or nothing there where it is null. */
export function mustHoldValue(header: Header, trie: keyof StateRoots, key: Uint8Array, { value, proof }: Proven): void {
  if (!verifyTrieProof(header.state[trie], key, value, proof))
    throw refuse(`the ${trie} of block ${header.height} do not hold ${value === null ? 'the absence shown' : 'the value shown'}`)
}

/** The account of an address (20 bytes); undefined where the chain has none. Throws `light_invalid`. */
export function provenAccount(header: Header, address: Uint8Array, proven: Proven): Account | undefined {
  mustHoldValue(header, 'accounts', address, proven)
  return proven.value === null ? undefined : decodeAccount(proven.value)
}

/** The account of a node by its key; undefined where the chain has none. Throws `light_invalid`. */
export function provenNodeAccount(header: Header, node: Uint8Array, proven: Proven): Account | undefined {
  return provenAccount(header, nodeAccountKey(node), proven)
}

/** A variable of the contract at an address, as the contract wrote it; null where it has none of that key. Throws `light_invalid`. */
export function provenVariable(header: Header, contract: Uint8Array, key: Uint8Array, proven: Proven): Uint8Array | null {
  mustHoldValue(header, 'contracts', storeKey(contract, key), proven)
  return proven.value
}

/** A value of the off-chain trie (docs/spec/chain.md names its keys): hashes and roots of data that is elsewhere. Throws `light_invalid`. */
export function provenRecord(header: Header, key: Uint8Array, proven: Proven): Uint8Array | null {
  mustHoldValue(header, 'offchain', key, proven)
  return proven.value
}

/**
 * Throws `light_invalid` unless a receipt (its body's bytes) stands in the block: a call's by itself, a run's by the batch that its node signed. What the
 * receipt says of itself is checked by `runtime/verify`.
 */
export function mustHoldReceipt(header: Header, body: Uint8Array, anchor: Anchor, attestation: Attestation | null): void {
  if (anchor.height !== header.height) throw refuse(`the receipt is anchored in block ${anchor.height}, the header is of ${header.height}`)
  let leaf = callLeaf(body)
  if (attestation !== null) {
    const { batch, index, path, sig } = attestation
    if (!verifyInclusion(leafHash(body), index, batch.size, path, batch.root)) throw refuse('the receipt is not in the batch shown')
    if (!verifyEd25519(sig, batchMessage(header.chainId, batch), batch.node)) throw refuse("the batch has no signature of its node's")
    leaf = batchLeaf(batch, sig)
  }
  if (!verifyAnchor(leaf, anchor, header.receiptRoot)) throw refuse(`the receipt is not in block ${header.height}`)
}

/** Place of an event in its block: on which sides the siblings of its path stand (`pathSides`), and the path, nearest sibling first. */
export type EventPlace = Pick<Anchor, 'index' | 'path'>

/** Throws `light_invalid` unless the event (its bytes, as a receipt hashes it) was emitted in the block. */
export function mustHoldEvent(header: Header, event: Uint8Array, { index, path }: EventPlace): void {
  if (path.length > 52 || !verifyInclusion(leafHash(event), index, 2 ** path.length, path, header.eventRoot))
    throw refuse(`the event is not in block ${header.height}`)
}
