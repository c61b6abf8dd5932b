import { isUtnetError, powerDelta, powerRoot } from '../../../runtime/core/index.ts'
import { LightClient } from '../../../runtime/consensus/light/index.ts'
import { lightTestChain, signersOfMembers } from '../../../runtime/consensus/light/testing/chain.ts'
import { crypto } from '../../../runtime/consensus/testing/test-kit.ts'
import { broken, held, type Attack } from './attack.ts'

const TRUSTING_BLOCKS = 12

/**
 * Who had the power at the beginning has long taken its bonds away and sold its keys. With them the buyer signs another end of the first epoch, which hands the
 * power to itself, and shows it to a light client that comes back after a long time. To the client both ends look alike but for the clock.
 */
export const longRange: Attack = {
  name: 'long-range',
  of: '4.4',
  aim: 'keys that no longer stand for anything sign another past, for those who were away',
  defences: {
    'trusting-period': 'a light client believes a set only for as long as its bonds are at stake, and then asks for a checkpoint',
  },
  run: (seed, without) => {
    const first = { a: 1, b: 1, c: 1, d: 1 }
    const chain = lightTestChain({
      epochs: [first, { b: 1, c: 1, d: 1, e: 1 }, { e: 1, f: 1, g: 1 }],
      trustingBlocks: TRUSTING_BLOCKS,
      name: `long ${seed}`,
    })
    const buyer = signersOfMembers({ [`buyer ${seed}`]: 4 }).map((s) => s.validator)
    const client = new LightClient({
      genesis: chain.genesis,
      crypto,
      ...(without.has('trusting-period') ? { trustingMs: Number.MAX_SAFE_INTEGER } : {}),
    })
    const now = chain.genesis.time + (TRUSTING_BLOCKS + 1) * 1_000
    const forged = chain.forkAt(chain.epochBlocks, { power: powerRoot(buyer) })
    try {
      const { set } = client.follow({ ...forged, delta: powerDelta(chain.setAt(1), buyer) }, now)
      return Promise.resolve(broken(`the client follows a chain whose ${set.length} validator is the attacker`))
    } catch (error) {
      if (!isUtnetError(error)) throw error
      return Promise.resolve(held(`${error.code}: ${error.message}`))
    }
  },
}
