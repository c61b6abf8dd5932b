/** Work of rounds for a net of validators: two certified chips each, and whoever does its part as it should. */
import { toHex } from '../../../runtime/core/index.ts'
import type { CatEnvironment, CatSigner, Chain } from '../../../runtime/consensus/index.ts'
import { signerOf } from '../../../runtime/consensus/cat/testing/chips.ts'
import { assignOf, chipOf, claimOf, type TestChip } from '../../../runtime/consensus/power/testing/chips.ts'
import { userOf, type TestValidator } from '../../../runtime/consensus/testing/test-kit.ts'
import type { ChainNetOptions } from './chain-net-options.ts'

const vendor = userOf(99)

export const EPOCH_BLOCKS = 3
/** First height at which chips count that were registered in the first epoch. */
export const FIRST_WITH_CHIPS = 2 * EPOCH_BLOCKS + 1
export const REWARD = 1_000n

/** How a validator does its part. */
export type Part = (v: TestValidator, chain: Chain) => { readonly environment: CatEnvironment; readonly chips?: CatSigner }

export const netChips = (v: TestValidator): TestChip[] => [0, 1].map((i) => chipOf(`net ${toHex(v.key)} ${i}`, { vendor }))

/** All its chips answer, and its operators run in this environment. */
export const honestPart =
  (environment: CatEnvironment): Part =>
  (v) => ({ environment, chips: signerOf(netChips(v)) })

/** Genesis and work of such a net; `part` gives the part of the validator at a place. */
export function netWork(
  genesis: ChainNetOptions['genesis'],
  part: (index: number) => Part,
): Required<Pick<ChainNetOptions, 'genesis' | 'work'>> {
  return {
    genesis: {
      vendors: [{ name: 'maker', key: vendor.key }],
      epochBlocks: EPOCH_BLOCKS,
      trustingBlocks: 4 * EPOCH_BLOCKS,
      blockReward: REWARD,
      ...genesis,
    },
    work: {
      firstPayloads: (v, { chainId }) =>
        netChips(v).flatMap((chip) => [
          { kind: 'chip' as const, action: claimOf(chip, chainId, v.address) },
          { kind: 'chip' as const, action: assignOf(chip, chainId, 0, v, v.address) },
        ]),
      part: (i, v, chain) => part(i)(v, chain),
    },
  }
}
