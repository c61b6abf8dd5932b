/** The NodeApi of a node, by its services. */
import { formatAddress, formatChipKey, formatKey, parseCid, PROTOCOL, type AuditView, type NodeApi } from '../core/index.ts'
import type { Edges } from './edge/index.ts'
import type { Parts } from './parts.ts'
import { invokeWhole } from './runs/index.ts'
import { chainView, contracts, files, guests, history, inference, proofs, transactions } from './services/index.ts'
import { version } from './version.ts'

/** What the node does for others of its chain. */
interface ForOthers extends Pick<NodeApi, 'verdict' | 'attest' | 'certify'> {
  audit(): AuditView | null
}

/** `genesis` is its canonical bytes; `edges` are told of what is deployed. */
export function apiOf(
  parts: Parts,
  genesis: Uint8Array,
  edges: Pick<Edges, 'settled'> | undefined,
  { audit, ...forOthers }: ForOthers,
): NodeApi {
  return {
    info: async () => ({
      version,
      protocol: PROTOCOL,
      chainId: parts.chain.chainId.toString(),
      nodeKey: formatKey(parts.node.key),
      chipKey: formatChipKey(parts.chip.publicKey),
      dev: parts.dev !== null,
      devAccount: parts.dev === null ? null : formatAddress(parts.dev.address),
      isolation: 'wasm-software',
      audit: audit(),
    }),
    ready: async () => true,
    async deploy(request) {
      const view = await guests.deploy(parts, request)
      await edges?.settled()
      return view
    },
    putSourceMap: (name, bytes) => guests.putSourceMap(parts, name, bytes),
    sourceMap: (module) => parts.sourceMaps.read(parseCid(module, 'module')),
    guests: (page) => guests.guests(parts, page),
    guest: (name) => guests.guest(parts, name),
    call: (request) => contracts.call(parts, request),
    query: (request) => contracts.query(parts, request),
    account: async (address, proof) => contracts.account(parts, address, proof),
    fund: (address) => contracts.fund(parts, address),
    submit: async (wire) => ({ hash: (await parts.submits.take(wire)).hash }),
    transaction: (hash, waitMs) => transactions.transaction(parts, hash, waitMs),
    invoke: (name, request) => invokeWhole(parts, name, request),
    addFile: (bytes) => files.addFile(parts, bytes),
    putModel: (name, bytes) => inference.putModel(parts, name, bytes),
    models: async () => parts.bridge.list(),
    model: async (name) => inference.model(parts, name),
    infer: (request) => inference.infer(parts, request),
    receipt: (id, waitMs) => proofs.receipt(parts, id, waitMs),
    receiptBytes: (id) => proofs.receiptBytes(parts, id),
    bundle: (id, bundleOptions) => proofs.bundle(parts, id, bundleOptions),
    chain: async () => chainView.chain(parts),
    block: async (height) => chainView.block(parts, height),
    epoch: async (number, epochOptions) => chainView.epoch(parts, number, epochOptions),
    power: async (epoch) => chainView.power(parts, epoch),
    genesis: async () => genesis,
    ...forOthers,
    chainEvents: async (request) => history.chainEvents(parts, request),
    events: (signal, request) => history.streamEvents(parts, signal, request),
    ipfs: (cid, path, format, scope) => proofs.ipfs(parts, cid, path, format, scope),
    metrics: () => parts.meters.text(),
  }
}
