/** Shows leaves that were asked for. Whoever has one may show it; one that breaks a rule refutes its batch in favour of who asked. */
import { leafFault, UtnetError } from '../../../core/index.ts'
import { decodeDemand, demandKey, type WorkingState } from '../../state/index.ts'
import { batchTouched, isLeafOf } from './apply-refute.ts'
import { type BlockContext, effect, refused, type TouchedItem, type TxEffect } from '../effect/index.ts'
import type { ChainTx } from '../admission/index.ts'
import { convict, isVoid } from './convict.ts'

/** Applies a transaction of kind reveal: each leaf that fits its demand closes it; the others change nothing. */
export function applyReveal(state: WorkingState, block: BlockContext, tx: ChainTx): TxEffect {
  const { payload } = tx.body
  if (payload.kind !== 'reveal') throw new UtnetError('core_bad_argument', 'no reveal')
  const touched: TouchedItem[] = []
  for (const { demand: id, leaf, path } of payload.reveals) {
    const bytes = state.get('offchain', demandKey(id))
    if (bytes === undefined) continue
    const { anchor, batch, index, height, time, from } = decodeDemand(bytes)
    if (!isLeafOf(batch, { index, leaf, path })) continue
    state.set('offchain', demandKey(id), undefined)
    touched.push(['record', anchor.bytes], ...batchTouched(batch))
    if (isVoid(state, batch)) continue
    if (leafFault(leaf, batch, index, { chainId: block.chainId, height, time }) !== undefined) convict(state, block, batch, from)
  }
  if (touched.length === 0) return refused(tx, tx.intrinsicGas, 'no leaf is one that is asked for')
  return effect(tx, { gas: tx.intrinsicGas, touched })
}
