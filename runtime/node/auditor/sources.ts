/** Where other nodes' data can be had: the own store, and gateways that serve blocks and bundles. What comes from there is checked by its CID. */
import { createClient } from '../../../gateway/client/index.ts'
import { cidOf, LIMITS, UtnetError, type BlockStore, type CID } from '../../core/index.ts'

/** One place to ask. */
export interface AuditSource {
  /** Rejects where it is not to be had. */
  block(cid: CID): Promise<Uint8Array>
  /** The proof bundle of a receipt; rejects where it is not to be had. */
  bundle(receipt: CID): Promise<Uint8Array>
}

/** The node's own store: it has blocks, no bundles of others. */
export function storeSource(store: Pick<BlockStore, 'get'>): AuditSource {
  return {
    block: (cid) => store.get(cid),
    bundle: () => Promise.reject(new UtnetError('receipt_not_found', 'the store has no bundles of other nodes')),
  }
}

/** A node's gateway; throws `core_bad_argument` for what is no URL. */
export function gatewaySource(url: string): AuditSource {
  const api = createClient(url, { fetch: (at, init) => fetch(at, { ...init, signal: AbortSignal.timeout(LIMITS.auditFetchMs) }) })
  return {
    async block(cid) {
      const name = cid.toString()
      const { body } = await api.ipfs(name, '', 'raw')
      if (cidOf(cid.code, body).toString() !== name)
        throw new UtnetError('block_mismatch', `what ${url} gives for ${name} is another block`)
      return body
    },
    bundle: (receipt) => api.bundle(receipt.toString()),
  }
}

/** What the first source has that has it; undefined where none has. What a source answers beside it is its own fault. */
export async function firstOf(
  sources: readonly AuditSource[],
  ask: (source: AuditSource) => Promise<Uint8Array>,
): Promise<Uint8Array | undefined> {
  for (const source of sources) {
    try {
      return await ask(source)
    } catch {
      // a source that is down, lacks it, or lies: the next one may have it
    }
  }
  return undefined
}
