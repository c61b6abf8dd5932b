/**
 * Where the leaves of an anchor's batches are: a dag-cbor block that links the receipts of each batch, in order. The ids of receipts are the CIDs of their
 * bodies, and the bodies are the leaves; so whoever has this block and its links can compute every root that the anchor names.
 */
import { type CID, cidOfDigest, cborBlock, DAG_CBOR, type Block } from './cid.ts'
import { asArray, asCid, decode } from './codec.ts'
import { UtnetError } from './errors.ts'
import { LIMITS } from './limits.ts'

/** The block over the sha256 of the bodies of each batch, 32 bytes each, one behind the other. Throws `receipt_invalid` over `LIMITS.anchorReceipts`. */
export function batchData(digests: readonly Uint8Array[]): Block {
  const count = digests.reduce((n, list) => n + list.length / 32, 0)
  if (count > LIMITS.anchorReceipts)
    throw new UtnetError('receipt_invalid', `an anchor has at most ${LIMITS.anchorReceipts} receipts, not ${count}`)
  return cborBlock(
    digests.map((list) => Array.from({ length: list.length / 32 }, (_, i) => cidOfDigest(DAG_CBOR, list.slice(i * 32, i * 32 + 32)))),
  )
}

/** The receipts of each batch. Throws `core_not_canonical`. */
export function readBatchData(bytes: Uint8Array): readonly (readonly CID[])[] {
  return asArray(decode(bytes, 'batch data', LIMITS.blockBytes), 'batch data').map((list) =>
    asArray(list, 'receipts of a batch').map((id) => asCid(id, 'receipt')),
  )
}
