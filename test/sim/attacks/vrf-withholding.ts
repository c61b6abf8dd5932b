import { digest, encode, nextSeed, vrfInput } from '../../../runtime/core/index.ts'
import { broken, held, type Attack } from './attack.ts'
import { drawn, leaderOf, LOTTERY_CHAIN, seedAfter, sigmasAbove, simulatedBeta } from './lottery.ts'

const HEIGHTS = 8_000
/** Blocks that an attacker tries where the seed hangs on the block. */
const TRIES = 16
/** Rounds that it looks ahead. */
const ROUNDS = 6

/**
 * The attacker has a third of the power. It holds a block back when the seed that follows does not draw it again and another of its turns would do
 * better. Its share of all blocks must not come out above its power by more than chance.
 */
export const vrfWithholding: Attack = {
  name: 'vrf-withholding',
  of: '4.4',
  aim: 'a leader holds its block back, or makes another, until the next seed draws it again',
  defences: {
    vrf: 'the seed follows from a value that the leader cannot choose, not from its block',
    roundless: "the VRF's input has no round: two turns at one height give one seed",
  },
  run: (seed, without) => {
    const me = digest('sim', encode([seed, 'attacker']))
    const set = [1, 2, 3, 4].map((n) => drawn(digest('sim', encode([seed, n])), 1))
    set.splice(2, 0, drawn(me, 2))
    const draws = (next: Uint8Array): boolean => leaderOf(next, 0, set).key === me
    let at = digest('sim', encode([seed, 'seed']))
    let own = 0
    let back = 0
    for (let height = 1; height <= HEIGHTS; height++) {
      let made: Uint8Array | undefined
      for (let round = 0; made === undefined; round++) {
        const leader = leaderOf(at, round, set)
        const after = (r: number, key: Uint8Array, extra = 0): Uint8Array => {
          if (without.has('vrf')) return digest('seed', at, encode([height, r, extra]))
          if (!without.has('roundless')) return seedAfter(key, height, at)
          return nextSeed(at, simulatedBeta(key, digest('sim', vrfInput(LOTTERY_CHAIN, height, at), encode(r))))
        }
        if (leader.key !== me) {
          made = after(round, leader.key)
          break
        }
        // every block that it could make in this turn
        const choices = Array.from({ length: without.has('vrf') ? TRIES : 1 }, (_, extra) => after(round, me, extra))
        const best = choices.find(draws) ?? (choices[0] as Uint8Array)
        // every turn that follows at this height without another leader between
        let later = false
        for (let r = round + 1; r < round + ROUNDS && leaderOf(at, r, set).key === me && !later; r++) later = draws(after(r, me))
        if (!draws(best) && later) {
          back++
          continue
        }
        made = best
        own++
      }
      at = made
    }
    const sigmas = sigmasAbove(own, HEIGHTS, 1 / 3)
    const seen = `${((100 * own) / HEIGHTS).toFixed(1)} % of the blocks with 33.3 % of the power (${sigmas.toFixed(1)} sigma), ${back} held back`
    return Promise.resolve(sigmas > 5 ? broken(seen) : held(seen))
  },
}
