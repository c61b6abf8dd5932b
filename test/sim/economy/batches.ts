/** Batches of receipts for the chain of `world.ts`: good ones, and such as are wrong in a leaf. */
import {
  batchLeaf,
  encodeReceipt,
  inclusionPath,
  leafHash,
  merkleRoot,
  utf8,
  type AnchoredBatch,
  type BatchStatement,
  type CID,
  type ShownLeaf,
} from '../../../runtime/core/index.ts'
import type { Chain } from '../../../runtime/consensus/index.ts'
import { runBody, signBatch, type TestUser } from '../../../runtime/consensus/testing/test-kit.ts'

export interface MadeBatch {
  readonly batch: BatchStatement
  readonly sig: Uint8Array
  readonly leaves: readonly Uint8Array[]
}

/** What an anchor holds. */
export interface Anchored {
  readonly id: CID
  readonly batches: readonly MadeBatch[]
}

/** The batch of a node that goes on where its thread stands; the leaf at `wrong`, if any, is no receipt. */
export function makeBatch(chain: Chain, node: TestUser, thread: number, size: number, wrong?: number): MadeBatch {
  const { next, root } = chain.batchHead(node.key, thread)
  const leaves = Array.from({ length: size }, (_, i) =>
    i === wrong ? utf8('no receipt') : encodeReceipt(runBody(chain, node, thread, next + i)),
  )
  return { ...signBatch(node, chain.chainId, { thread, first: next, size, prev: root, root: merkleRoot(leaves) }), leaves }
}

/** A leaf with its path. */
export function shown({ leaves }: MadeBatch, index: number): ShownLeaf {
  return { index, leaf: leaves[index] as Uint8Array, path: inclusionPath(leaves.map(leafHash), index) }
}

/** Names batch `at` of an anchor. */
export function targetOf({ id, batches }: Anchored, at: number): AnchoredBatch {
  const { batch, sig } = batches[at] as MadeBatch
  const hashes = batches.map((b) => leafHash(batchLeaf(b.batch, b.sig)))
  return { anchor: id, at, batch, sig, path: inclusionPath(hashes, at) }
}
