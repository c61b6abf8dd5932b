/** What ends by itself at a height: the time in which a batch can be refuted, and that in which a leaf has to be shown. Silence loses. */
import { ROLLUP } from '../../../core/index.ts'
import {
  anchorKey,
  appendDue,
  decodeDemand,
  decodeDues,
  demandKey,
  dueKey,
  type DemandRecord,
  type Due,
  type StateReader,
  type WorkingState,
} from '../../state/index.ts'
import type { BlockContext } from '../effect/index.ts'
import { convict, isVoid } from './convict.ts'

const duesAt = (state: Pick<StateReader, 'get'>, height: number): Due[] => {
  const bytes = state.get('offchain', dueKey(height))
  return bytes === undefined ? [] : decodeDues(bytes)
}

/** Lets something end before the transactions of a height. */
export function addDue(state: WorkingState, height: number, due: Due): void {
  state.set('offchain', dueKey(height), appendDue(state.get('offchain', dueKey(height)), due))
}

/** Ends what ends with this block; before its transactions. A leaf that was asked for and not shown refutes its batch. */
export function endDue(state: WorkingState, block: BlockContext): void {
  const dues = duesAt(state, block.height)
  if (dues.length === 0) return
  state.set('offchain', dueKey(block.height), undefined)
  for (const due of dues) {
    if (due.kind === 'anchor') {
      state.set('offchain', anchorKey(due.id), undefined)
      continue
    }
    const bytes = state.get('offchain', demandKey(due.id))
    if (bytes === undefined) continue
    state.set('offchain', demandKey(due.id), undefined)
    const demand = decodeDemand(bytes)
    if (!isVoid(state, demand.batch)) convict(state, block, demand.batch, demand.from)
  }
}

/** Leaves that were asked for and not shown yet at a height, by when they are due. */
export function openDemands(state: Pick<StateReader, 'get'>, height: number): { readonly id: Uint8Array; readonly demand: DemandRecord }[] {
  const out: { readonly id: Uint8Array; readonly demand: DemandRecord }[] = []
  for (let at = height + 1; at <= height + ROLLUP.answerBlocks + 1; at++) {
    for (const due of duesAt(state, at)) {
      const bytes = due.kind === 'demand' ? state.get('offchain', demandKey(due.id)) : undefined
      if (due.kind === 'demand' && bytes !== undefined) out.push({ id: due.id, demand: decodeDemand(bytes) })
    }
  }
  return out
}
