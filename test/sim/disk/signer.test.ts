import { expect, test } from 'vitest'
import { isUtnetError, toHex } from '../../../runtime/core/index.ts'
import { openChain, type Chain, type Voter } from '../../../runtime/consensus/index.ts'
import { crypto, simulatedExecutor, simulatedKv, testGenesis, VALIDATOR } from '../../../runtime/consensus/testing/test-kit.ts'
import { failingKv, type Failure } from './failing-kv.ts'

crypto.useNativeHashes()

const genesis = testGenesis()
const HEIGHTS = 3

/** A signer of its own, with a memory of its own: it signs one message of a height, as often as it is asked. */
function signerOf(heightOf: () => number, remembers: boolean): Voter {
  const signed = new Map<number, string>()
  return {
    ...VALIDATOR.voter,
    ...(remembers ? { remembers } : {}),
    sign: (message) => {
      const [height, text] = [heightOf(), toHex(message)]
      if ((signed.get(height) ?? text) !== text) throw new Error(`another message of height ${height} was signed`)
      signed.set(height, text)
      return VALIDATOR.voter.sign(message)
    },
  }
}

/** Makes blocks until a commit fails, opens the store again, and goes on: hashes of the blocks, or the refusal of the signer. */
async function crashAt(commit: number, failure: Failure, remembers: boolean): Promise<number | string> {
  const below = simulatedKv()
  let chain: Chain | undefined
  const signer = signerOf(() => (chain?.head().header.height ?? 0) + 1, remembers)
  // another time each try: another block, if it is made again
  let clock = genesis.time
  const run = async (kv: typeof below): Promise<void> => {
    chain = await openChain({ genesis, kv, executor: simulatedExecutor, crypto })
    while (chain.head().header.height < HEIGHTS)
      await chain.produce({ timeMs: (clock += 1_000), proposer: VALIDATOR.proposer, voters: [signer] })
  }
  try {
    await run({ ...below, ...failingKv(below, commit, failure) })
  } catch (error) {
    if (!isUtnetError(error, 'disk_failed')) throw error
  }
  try {
    await run(below)
  } catch (error) {
    return (error as Error).message
  }
  return chain?.head().header.height ?? 0
}

const FAILURES: readonly Failure[] = ['nothing-written', 'all-written']

test('U7.2-DBL-1 a signer that remembers is asked for the same again, whatever commit was lost: the chain goes on', async () => {
  for (let commit = 1; commit <= 2 * HEIGHTS; commit++)
    for (const failure of FAILURES) expect([commit, failure, await crashAt(commit, failure, true)]).toEqual([commit, failure, HEIGHTS])
})

test('not told of its memory, the chain would ask it for another block, and stand still for good', async () => {
  expect(await crashAt(2, 'nothing-written', false)).toMatch(/another message of height 2/)
})
