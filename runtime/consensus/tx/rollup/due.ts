/** What ends by itself at a height: the time in which a batch can be refuted, and that in which a leaf has to be shown. Silence loses. */
import { byteString, ROLLUP } from '../../../core/index.ts'
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

/** The demand that ends with a height: a leaf that was shown may have been asked for again since, and then has a later end. */
function demandDue(state: Pick<StateReader, 'get'>, id: Uint8Array, height: number): DemandRecord | undefined {
  const bytes = state.get('offchain', demandKey(id))
  const demand = bytes === undefined ? undefined : decodeDemand(bytes)
  return demand?.deadline === height - 1 ? demand : undefined
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
    const demand = demandDue(state, due.id, block.height)
    if (demand === undefined) continue
    state.set('offchain', demandKey(due.id), undefined)
    if (!isVoid(state, demand.batch)) convict(state, block, demand.batch, demand.from)
  }
}

/** Leaves that were asked for and not shown yet at a height, by when they are due. */
export function openDemands(state: Pick<StateReader, 'get'>, height: number): { readonly id: Uint8Array; readonly demand: DemandRecord }[] {
  const out = new Map<string, { readonly id: Uint8Array; readonly demand: DemandRecord }>()
  for (let at = height + 1; at <= height + ROLLUP.answerBlocks + 1; at++) {
    for (const due of duesAt(state, at)) {
      const demand = due.kind === 'demand' ? demandDue(state, due.id, at) : undefined
      if (due.kind === 'demand' && demand !== undefined) out.set(byteString(due.id), { id: due.id, demand })
    }
  }
  return [...out.values()]
}
