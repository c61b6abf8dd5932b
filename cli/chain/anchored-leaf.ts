/** Finds where a receipt is anchored, with nothing but what a node shows of its chain and serves under /ipfs: the batch, its leaf, and the paths between. */
import {
  batchLeaf,
  decodeTx,
  formatKey,
  fromBase64,
  inclusionPath,
  isUtnetError,
  leafHash,
  limitError,
  LIMITS,
  parseCid,
  readBatchData,
  ROLLUP,
  UtnetError,
  verifyInclusion,
  type AnchoredBatch,
  type CID,
  type NodeApi,
  type ShownLeaf,
} from '../../runtime/core/index.ts'

/** Requests to a node at a time. */
const AT_ONCE = 16

/** What the leaf is of: a receipt by its id, of one node. */
export interface LeafSought {
  readonly receipt: CID
  /** ed25519 of the node that issued it. */
  readonly node: Uint8Array
}

type Located = { readonly target: AnchoredBatch; readonly links: readonly CID[] }

async function inTransaction(wire: Uint8Array, tx: string, receipt: CID, data: NodeApi): Promise<Located | undefined> {
  const { payload } = decodeTx(wire).body
  if (payload.kind !== 'anchor' || payload.data === null) return undefined
  const links = readBatchData((await data.ipfs(payload.data.toString(), '', 'raw')).body)
  const at = links.findIndex((list) => list.some((id) => id.equals(receipt)))
  const found = payload.batches[at]
  if (found === undefined) return undefined
  const hashes = payload.batches.map((b) => leafHash(batchLeaf(b.batch, b.sig)))
  return { target: { anchor: parseCid(tx), at, ...found, path: inclusionPath(hashes, at) }, links: links[at] ?? [] }
}

async function locate(api: NodeApi, data: NodeApi, { receipt, node }: LeafSought): Promise<Located> {
  const { height } = await api.chain()
  const filter = [`record=${formatKey(node)}`]
  const from = Math.max(1, height - ROLLUP.windowBlocks)
  let after: string | undefined
  let unread: UtnetError | undefined
  // a node that never comes to an end is not read for ever
  for (let pages = 1; ; pages++) {
    if (pages > LIMITS.anchorPages) throw limitError('receipt_not_anchored', 'anchorPages', pages, LIMITS.anchorPages, 'pages of anchors')
    const page = await api.chainEvents({
      filter,
      from,
      limit: LIMITS.searchEntries,
      proof: true,
      ...(after === undefined ? {} : { after }),
    })
    for (const entry of page.entries.slice(0, LIMITS.searchEntries)) {
      if (entry.type !== 'transaction' || entry.kind !== 'anchor' || entry.status !== 'ok' || entry.proof === undefined) continue
      try {
        const found = await inTransaction(fromBase64(entry.proof.leaf), entry.tx, receipt, data)
        if (found !== undefined) return found
      } catch (error) {
        // Who anchors a lie must not hide it behind another anchor, whose data nobody can read.
        if (!isUtnetError(error) || error.code === 'node_unreachable') throw error
        unread = error
      }
    }
    if (page.done)
      throw new UtnetError(
        'receipt_not_anchored',
        `no anchor of the last ${ROLLUP.windowBlocks} blocks leads to receipt ${receipt.toString()}`,
        unread === undefined ? {} : { hint: `the data of some could not be read: ${unread.message}`, cause: unread },
      )
    after = page.next
  }
}

/** `data` is the node that has the leaves. Throws `receipt_not_anchored`, also past `LIMITS.anchorPages`, `block_not_found`, and `receipt_invalid` where the data does not lead to the root. */
export async function anchoredLeaf(
  api: NodeApi,
  data: NodeApi,
  sought: LeafSought,
): Promise<{ readonly target: AnchoredBatch; readonly shown: ShownLeaf }> {
  const { target, links } = await locate(api, data, sought)
  const wrong = (): UtnetError =>
    new UtnetError('receipt_invalid', 'what the node serves as its leaves does not lead to the root that is anchored')
  const { size, root } = target.batch
  if (links.length !== size) throw wrong()
  const index = links.findIndex((id) => id.equals(sought.receipt))
  const hashes: Uint8Array[] = []
  let leaf = new Uint8Array(0)
  // of the others nothing is kept: whoever serves them may serve what it likes
  for (let at = 0; at < size; at += AT_ONCE) {
    const some = await Promise.all(links.slice(at, at + AT_ONCE).map((cid) => data.ipfs(cid.toString(), '', 'raw')))
    for (const [i, { body }] of some.entries()) {
      hashes.push(leafHash(body))
      if (at + i === index) leaf = Uint8Array.from(body)
    }
  }
  const path = inclusionPath(hashes, index)
  if (!verifyInclusion(leafHash(leaf), index, size, path, root)) throw wrong()
  return { target, shown: { index, leaf, path } }
}
