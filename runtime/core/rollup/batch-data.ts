/**
 * Where the leaves of an anchor's batches are: a dag-cbor block that links the receipts of each batch, in order. The ids of receipts are the CIDs of their
 * bodies, and the bodies are the leaves; so whoever has this block and its links can compute every root that the anchor names.
 */
import {
  ARRAY,
  asArray,
  asCid,
  cidOf,
  cidOfDigest,
  DAG_CBOR,
  decode,
  HEAD_MAX,
  putHead,
  putLink,
  putRaw,
  type Block,
  type CID,
} from '../codec/index.ts'
import { UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** The block over the sha256 of the bodies of each batch, 32 bytes each, one behind the other. Throws `receipt_invalid` over `LIMITS.anchorReceipts`. */
export function batchData(digests: readonly Uint8Array[]): Block {
  const count = digests.reduce((n, list) => n + list.length / 32, 0)
  if (count > LIMITS.anchorReceipts)
    throw new UtnetError('receipt_invalid', `an anchor has at most ${LIMITS.anchorReceipts} receipts, not ${count}`)
  const bytes = new Uint8Array(HEAD_MAX * (digests.length + 1) + count * (LINK.length + 32))
  let at = putHead(bytes, 0, ARRAY, digests.length)
  for (const list of digests) {
    at = putHead(bytes, at, ARRAY, list.length / 32)
    for (let from = 0; from < list.length; from += 32) at = putRaw(bytes, putRaw(bytes, at, LINK), list.subarray(from, from + 32))
  }
  const block = bytes.slice(0, at)
  return { cid: cidOf(DAG_CBOR, block), bytes: block }
}

/** A link to a receipt, up to the 32 bytes of its digest. */
const LINK = (() => {
  const link = new Uint8Array(64)
  return link.slice(0, putLink(link, 0, cidOfDigest(DAG_CBOR, new Uint8Array(32))) - 32)
})()

/** The receipts of each batch. Throws `core_not_canonical`. */
export function readBatchData(bytes: Uint8Array): readonly (readonly CID[])[] {
  return asArray(decode(bytes, 'batch data', LIMITS.blockBytes), 'batch data').map((list) =>
    asArray(list, 'receipts of a batch').map((id) => asCid(id, 'receipt')),
  )
}
