/**
 * What an auditor looks at, drawn by a beacon that nobody knew when the batch was anchored and by its own key: anybody can say afterwards what it had to look at,
 * and two auditors draw apart. Integers only. docs/spec/rollup.md
 */
import { digest, encode, type CID } from '../../core/index.ts'

/** The beacon is the seed of the block so many behind the anchor (docs/piee.md has the same). */
export const BEACON_BLOCKS = 3

export interface Draw {
  /** 32 bytes. */
  readonly beacon: Uint8Array
  /** ed25519 key of the node that audits. */
  readonly auditor: Uint8Array
  readonly anchor: CID
  /** Number of the batch in its anchor. */
  readonly at: number
}

const drawn = (use: string, { beacon, auditor, anchor, at }: Draw): Uint8Array => digest(use, encode([beacon, auditor, anchor, at]))

/** Batches are looked at in the order of these bytes, as far as a block's work reaches. */
export function rankOf(draw: Draw): Uint8Array {
  return drawn('audit-batch', draw)
}

/** The leaf of a batch of `size` whose run is repeated, or that is asked for: the first 8 bytes as a big-endian number, modulo the size. */
export function drawnLeaf(draw: Draw, size: number): number {
  const bytes = drawn('audit-leaf', draw)
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0) % BigInt(size))
}
