/** The chain that is killed: short epochs, so that sets change on the way. */
import { cidOf, RAW, utf8 } from '../../runtime/core/index.ts'
import { testGenesis, UNC, userOf, VALIDATOR } from '../../runtime/consensus/testing/test-kit.ts'

export const MODULE = cidOf(RAW, utf8('shop'))
export const GENESIS = testGenesis({
  epochBlocks: 4,
  trustingBlocks: 12,
  accounts: [userOf(2), userOf(3), userOf(4), VALIDATOR].map(({ address }) => ({ address, balance: 1_000_000n * UNC })),
})
