/** A bundle of a receipt that may be fresh: its anchor is waited for. */
import { UtnetError, type NodeApi } from '../../runtime/core/index.ts'

/** How long an anchor is waited for. */
export const ANCHOR_WAIT_MS = 60_000

/** The bundle, once the receipt is anchored; throws `receipt_not_anchored` when that takes too long. */
export async function anchoredBundle(api: NodeApi, id: string, options: { readonly from?: number } = {}): Promise<Uint8Array> {
  const view = await api.receipt(id, ANCHOR_WAIT_MS)
  if (view.anchor === null) throw new UtnetError('receipt_not_anchored', `receipt ${id} is not anchored after ${ANCHOR_WAIT_MS / 1000} s`)
  return api.bundle(id, options)
}
