/** Takes transactions into the mempool: everything is checked here, so that a block is built from good ones. */
import { formatAddress, nodeAccountKey, UtnetError, type CID } from '../../core/index.ts'
import { readAccount } from '../state/index.ts'
import { batchSignerFault, checkForm, checkPublish, checkSignature, contractAt, readName, readTx, type ChainTx } from '../tx/index.ts'
import { headState, poolView, type ChainCore } from './core.ts'

/** Refuses early what would only pay and do nothing. What waits before it may still change that, so the block decides. */
function checkUse(core: ChainCore, tx: ChainTx): void {
  const { payload } = tx.body
  const state = headState(core)
  switch (payload.kind) {
    case 'publish':
      checkPublish(readName(state, payload.name), tx.address, payload.name, payload.world)
      return
    case 'call':
      if (contractAt(state, payload.to) === undefined && !core.mempool.holds('publish')) {
        throw new UtnetError('guest_not_found', `no contract stands at ${formatAddress(payload.to)}`)
      }
      return
    case 'anchor':
      for (const { batch, sig } of payload.batches) {
        const fault = batchSignerFault(batch, sig, readAccount(state, nodeAccountKey(batch.node)), core.crypto)
        if (fault !== undefined) throw new UtnetError('receipt_invalid', fault)
      }
      return
    default:
  }
}

/** Checks a transaction and lets it wait. One that waits already is taken again without effect. */
export function submitTx(core: ChainCore, wire: Uint8Array): { readonly id: CID; readonly hash: string } {
  const tx = readTx(wire, core.params)
  const hash = tx.id.toString()
  if (core.mempool.get(hash) === undefined) {
    checkForm(tx, core.rules.chainId, core.params)
    const view = poolView(core)
    core.mempool.admit(tx, view)
    checkSignature(tx, core.crypto)
    checkUse(core, tx)
    core.mempool.add(tx, view)
  }
  return { id: tx.id, hash }
}
