import { compareBytes, digest, encode, type Validator } from '../../../runtime/core/index.ts'
import { broken, held, type Attack } from './attack.ts'
import { drawn, leaderOf, seedAfter, sigmasAbove } from './lottery.ts'

const HEIGHTS = 6_000
const EPOCH = 10
/** Keys that the attacker tries for each registration. */
const TRIES = 12

const inOrder = (set: readonly Validator[]): Validator[] => [...set].sort((a, b) => compareBytes(a.key, b.key))

/** The attacker registers its chips again and again under a node key whose place on the power line the drawn unit falls on. */
export const keyGrinding: Attack = {
  name: 'key-grinding',
  of: '4.4',
  aim: 'chips are registered under new keys, or moved, after the seed is seen, so that the drawn unit is theirs',
  defences: { 'epoch-ahead': 'what is registered in an epoch counts from the one after the next: no seed of it is known (eq. 15-17)' },
  run: (seed, without) => {
    const keyOf = (...parts: (number | string)[]): Uint8Array => digest('sim', encode([seed, ...parts]))
    const others = [1, 2, 3, 4].map((n) => drawn(keyOf(n), 1))
    const withKey = (key: Uint8Array): Validator[] => inOrder([...others, drawn(key, 2)])
    let at = keyOf('seed')
    let own = 0
    let tried = 0
    // sets by epoch; those of the first two are as at the beginning
    const sets: Uint8Array[] = [keyOf('attacker'), keyOf('attacker')]
    for (let height = 1; height <= HEIGHTS; height++) {
      const epoch = Math.floor(height / EPOCH)
      const counts = without.has('epoch-ahead') ? epoch : epoch + 2
      // the best place for the seed that is known now
      let key = sets[counts] ?? (sets.at(-1) as Uint8Array)
      for (let n = 0; n < TRIES && leaderOf(at, 0, withKey(key)).key !== key; n++) key = keyOf('try', tried++)
      sets[counts] = key
      const mine = sets[epoch] as Uint8Array
      const leader = leaderOf(at, 0, withKey(mine)).key
      if (leader === mine) own++
      at = seedAfter(leader, height, at)
    }
    const sigmas = sigmasAbove(own, HEIGHTS, 1 / 3)
    const seen = `${((100 * own) / HEIGHTS).toFixed(1)} % of the blocks with 33.3 % of the power (${sigmas.toFixed(1)} sigma), ${tried} keys tried`
    return Promise.resolve(sigmas > 5 ? broken(seen) : held(seen))
  },
}
