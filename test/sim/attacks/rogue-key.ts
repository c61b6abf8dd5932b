import { bls12_381 } from '@noble/curves/bls12-381.js'
import { equalBytes, isUtnetError, kappaOf, ownerOf, precommitMessage, totalPower } from '../../../runtime/core/index.ts'
import { openChain } from '../../../runtime/consensus/index.ts'
import { crypto, simulatedExecutor, simulatedKv, testGenesis, userOf, validatorOf } from '../../../runtime/consensus/testing/test-kit.ts'
import { broken, held, type Attack } from './attack.ts'

const { G1 } = bls12_381

/** The vote key x·G - victim: its owner does not know its secret, yet x signs for it and the victim together. */
export function rogueKey(x: bigint, victim: Uint8Array): { readonly key: Uint8Array; readonly sumSecret: Uint8Array } {
  const key = G1.Point.BASE.multiply(x).subtract(G1.Point.fromBytes(victim)).toBytes()
  return { key, sumSecret: bls12_381.fields.Fr.toBytes(x) }
}

/** The real chain; the attacker has a quarter of the power and makes a block final alone, with the victim's name under it. */
export const rogueKeyAttack: Attack = {
  name: 'rogue-key',
  of: '4.4',
  aim: "a vote key made from another's, x·G - victim, signs for both",
  defences: { possession: 'a vote key enters a set only with a signature by its own secret' },
  run: async (seed, without) => {
    const victim = validatorOf(1, 3)
    const attacker = userOf(9)
    const { key: bls, sumSecret } = rogueKey(424_242n + BigInt(seed), victim.validator.bls)
    // the best proof there is: by the secret that it knows
    const pop = crypto.blsSign(bls, sumSecret)
    const genesis = testGenesis({ validators: [victim.validator, { key: attacker.key, bls, pop, power: 1 }] })
    const port = without.has('possession') ? { ...crypto, verifyValidator: () => true } : crypto
    try {
      const chain = await openChain({ genesis, kv: simulatedKv(), executor: simulatedExecutor, crypto: port })
      const { seed: before } = chain.head().header
      const { validators } = genesis
      let round = 0
      while (!equalBytes(ownerOf(kappaOf(before, round, totalPower(validators)), validators).key, attacker.key)) round++
      const proposer = { key: attacker.key, vrfProve: (alpha: Uint8Array) => crypto.vrfProve(attacker.secret, alpha) }
      const { executed } = chain.buildBlock({ timeMs: genesis.time + 1, round, proposer })
      const signature = crypto.blsSign(precommitMessage(chain.chainId, 1, round, executed.hash), sumSecret)
      await chain.commitBlock(executed, { height: 1, round, block: executed.hash, signers: Uint8Array.of(3), signature })
      return broken('a block is final under the name of a validator that never signed')
    } catch (error) {
      if (!isUtnetError(error, 'chain_invalid')) throw error
      return held(error.message)
    }
  },
}
