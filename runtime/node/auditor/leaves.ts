/** The leaves of an anchored batch, fetched whole: only all of them together lead to the root that the chain has. */
import {
  batchLeaf,
  contextFault,
  decodeReceipt,
  equalBytes,
  inclusionPath,
  leafFault,
  leafHash,
  LIMITS,
  merkleRoot,
  readBatchData,
  type AnchoredBatch,
  type BatchStatement,
  type CID,
  type Clock,
  type Header,
  type ShownLeaf,
} from '../../core/index.ts'
import { firstOf, type AuditSource } from './sources.ts'

/** An anchor in a final block. */
export interface Anchored {
  readonly id: CID
  readonly height: number
  readonly time: number
  readonly data: CID | null
  readonly batches: readonly { readonly batch: BatchStatement; readonly sig: Uint8Array }[]
}

/** Requests to a source at a time. */
const AT_ONCE = 64

/** Batch number `at` as a refutation names it. */
export function targetOf({ id, batches }: Anchored, at: number): AnchoredBatch {
  const { batch, sig } = batches[at] as Anchored['batches'][number]
  const hashes = batches.map((b) => leafHash(batchLeaf(b.batch, b.sig)))
  return { anchor: id, at, batch, sig, path: inclusionPath(hashes, at) }
}

/** A leaf with its path, out of all of them. */
export function shownOf(leaves: readonly Uint8Array[], index: number): ShownLeaf {
  return { index, leaf: leaves[index] as Uint8Array, path: inclusionPath(leaves.map(leafHash), index) }
}

async function linksOf({ data, batches }: Anchored, at: number, sources: readonly AuditSource[]): Promise<readonly CID[] | undefined> {
  if (data === null) return undefined
  const bytes = await firstOf(sources, (source) => source.block(data))
  if (bytes === undefined) return undefined
  try {
    const links = readBatchData(bytes)
    return links.length === batches.length ? links[at] : undefined
  } catch {
    return undefined
  }
}

/** All leaves of batch number `at`, in order; undefined where they are not to be had in time, or what is to be had does not lead to its root. */
export async function fetchLeaves(
  anchored: Anchored,
  at: number,
  sources: readonly AuditSource[],
  clock: Pick<Clock, 'nowMs'>,
): Promise<readonly Uint8Array[] | undefined> {
  const until = clock.nowMs() + LIMITS.auditBatchMs
  const { batch } = anchored.batches[at] as Anchored['batches'][number]
  const links = await linksOf(anchored, at, sources)
  if (links === undefined || links.length !== batch.size) return undefined
  const leaves: Uint8Array[] = []
  for (let from = 0; from < links.length; from += AT_ONCE) {
    const some = await Promise.all(links.slice(from, from + AT_ONCE).map((cid) => firstOf(sources, (source) => source.block(cid))))
    // a source that is slow on purpose takes no more than that from the others
    if (clock.nowMs() > until) return undefined
    for (const leaf of some) {
      if (leaf === undefined) return undefined
      leaves.push(leaf)
    }
  }
  return equalBytes(merkleRoot(leaves), batch.root) ? leaves : undefined
}

export type LeafFault = {
  readonly index: number
  readonly why: string
  /** `rule`: the chain finds it by itself. `context`: it takes a verdict. */
  readonly kind: 'rule' | 'context'
}

/** What is wrong with a leaf by its form and its place. `blockAt` gives the header of a final height. */
export function faultOf(
  leaf: Uint8Array,
  index: number,
  { height, time }: Pick<Anchored, 'height' | 'time'>,
  batch: BatchStatement,
  chainId: CID,
  blockAt: (height: number) => Pick<Header, 'time' | 'seed'>,
): LeafFault | undefined {
  const rule = leafFault(leaf, batch, index, { chainId, height, time })
  if (rule !== undefined) return { index, why: rule, kind: 'rule' }
  const body = decodeReceipt(leaf)
  const context = body.kind === 'call' ? undefined : contextFault(body, blockAt(body.context.height))
  return context === undefined ? undefined : { index, why: context, kind: 'context' }
}
