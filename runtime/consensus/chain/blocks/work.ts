/** The work of a round: what its proposer is asked for, what the block is judged by, and what became of its reward. */
import type { CID, Header } from '../../../core/index.ts'
import { catChallenge, drawOperator, rewardAt, type RewardRecord, type SampledTask, type WorkContext } from '../../cat/index.ts'
import { mintedOf } from '../../state/index.ts'
import { headState, type ChainCore } from '../head/index.ts'
import { catSeats, headerAt } from '../reads/index.ts'

/** The task of a node at a height up to that behind the head; throws `chain_height` for another. */
export function taskOf(core: ChainCore, node: Uint8Array, height: number): SampledTask {
  const challenge = catChallenge(core.rules.chainId, height, headerAt(core, height - 1).header.seed, node)
  return { challenge, operator: drawOperator(challenge, core.genesis.operators) }
}

/** What a block is judged by. */
export function workContext(core: ChainCore, { height, round, proposer }: Pick<Header, 'height' | 'round' | 'proposer'>): WorkContext {
  const chainId: CID = core.rules.chainId
  const seats = catSeats(core, proposer, height)
  return {
    chainId,
    rules: core.genesis,
    height,
    round,
    proposer,
    chips: seats.count,
    crypto: core.crypto,
    checkCat: (bytes) => core.catChecks.check(bytes, catChallenge(chainId, height, core.head.header.seed, proposer), seats),
    setAt: (at) => core.sets.at(at),
    hashAt: (at) => headerAt(core, at).hash,
  }
}

/** The reward of the block at a height, as the head's state has it. */
export function rewardOf(core: ChainCore, height: number): RewardRecord | undefined {
  return rewardAt(headState(core), height)
}

/** All rewards released up to the head, in 10^-18 UNC. */
export function minted(core: ChainCore): bigint {
  return mintedOf(headState(core))
}
