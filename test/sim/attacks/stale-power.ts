import {
  applyPowerDelta,
  headerHash,
  isUtnetError,
  leaderOf,
  powerRoot,
  precommitMessage,
  type Validator,
} from '../../../runtime/core/index.ts'
import { powerChain } from '../../../runtime/consensus/power/testing/power-chain.ts'
import { crypto } from '../../../runtime/consensus/testing/test-kit.ts'
import { broken, held, type Attack } from './attack.ts'

/**
 * The real chain. Two nodes that had most of the power left it, and still have their keys; they certify a block of today under the table of yesterday,
 * for somebody who follows the chain by its epochs.
 */
export const stalePower: Attack = {
  name: 'stale-power',
  of: '4.4',
  aim: 'those who had the power before certify a block of now, under the power table of then',
  defences: { 'set-of-height': "a certificate counts under the set of its height, which each epoch's last header commits to" },
  run: async (_seed, without) => {
    const chain = await powerChain([1, 4, 4])
    const [left, right] = [chain.nodes[1], chain.nodes[2]] as [(typeof chain.nodes)[number], (typeof chain.nodes)[number]]
    for (const node of [left, right]) await chain.node(node, { op: 'leave' })
    while (chain.powers(chain.chain.head().header.height + 1)[1] !== 0) await chain.block()
    const { genesis, chainId } = chain.chain
    const now = chain.chain.head().header.height
    // who follows: from the genesis by deltas, each against the root in the header before
    let set: readonly Validator[] = genesis.validators
    const epochs = Math.floor(now / genesis.epochBlocks)
    for (let epoch = 0; epoch < epochs && !without.has('set-of-height'); epoch++) {
      const { header, delta } = chain.chain.epochStep(epoch)
      set = delta.removed.length + delta.changed.length + delta.added.length === 0 ? set : applyPowerDelta(set, delta)
      if (powerRoot(set).join() !== header.power.join()) throw new Error('the header commits to another set')
    }
    // another block of the next height, under the old table
    const { header } = chain.chain.head()
    const forged = { ...header, height: now + 1, parent: headerHash(header), time: header.time + 1, proposer: left.key }
    const hash = headerHash(forged)
    const old = genesis.validators
    const signers = Uint8Array.of(old.reduce((bits, v, i) => (v.key.join() === chain.nodes[0]?.key.join() ? bits : bits | (1 << i)), 0))
    const message = precommitMessage(chainId, forged.height, 0, hash)
    const signature = crypto.blsAggregate([left, right].map((node) => node.voter.sign(message)))
    const block = { chainId, height: forged.height, round: 0, blockHash: hash }
    try {
      const power = crypto.checkCertificate(
        block,
        { height: forged.height, round: 0, block: hash, signers, signature },
        set,
        crypto.blsFastAggregateVerify,
      )
      return broken(`a block of height ${forged.height} is believed, by ${power} units of power that are gone`)
    } catch (error) {
      if (!isUtnetError(error, 'chain_invalid')) throw error
      const owner = set[leaderOf(header.seed, 0, set)]
      return held(
        `${error.message}; of ${old.length} members ${set.length} are left, and ${owner === undefined ? 'nobody' : 'one of them'} leads`,
      )
    }
  },
}
