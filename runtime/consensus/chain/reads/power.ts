/** What the chain shows of power: the chips of a node, and the steps that a light client goes by. */
import { epochOf, lastHeightOf, UtnetError } from '../../../core/index.ts'
import { AHEAD, catSeatsOf, type CatSeats, type EpochStep } from '../../power/index.ts'
import { headState, noHeight, type ChainCore } from '../head/index.ts'
import { headerAt } from './reads.ts'

/** A node's chips as they count at a height. Throws `chain_height` for an epoch that is not fixed, `chain_pruned` for one that is over. */
export function catSeats(core: ChainCore, node: Uint8Array, height: number): CatSeats {
  const { epochBlocks } = core.genesis
  const epoch = epochOf(height, epochBlocks)
  const present = epochOf(core.head.header.height, epochBlocks)
  if (!Number.isSafeInteger(height) || height < 0 || epoch > present + AHEAD) throw noHeight(core, height)
  if (epoch < present - 1) throw new UtnetError('chain_pruned', `the seats of epoch ${epoch} are no longer kept`)
  return catSeatsOf(headState(core), node, epoch)
}

/** The last header of an epoch, its certificate, and what takes its set to the next. Throws `chain_height` unless the epoch is over. */
export function epochStep(core: ChainCore, epoch: number): EpochStep {
  const height = lastHeightOf(epoch, core.genesis.epochBlocks)
  const { header, certificate } = headerAt(core, height)
  if (certificate === null) throw noHeight(core, height)
  return { epoch, header, certificate, delta: core.sets.deltaAfter(epoch) }
}
