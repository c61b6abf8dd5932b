/** The draw of leaders alone, thousands of heights in a second: real seeds and units of the power line, with a simulated VRF (one value for each key and input, as RFC 9381 has it). */
import {
  cidOf,
  DAG_CBOR,
  digest,
  kappaOf,
  nextSeed,
  ownerOf,
  totalPower,
  utf8,
  vrfInput,
  type CID,
  type Validator,
} from '../../../runtime/core/index.ts'

export const LOTTERY_CHAIN: CID = cidOf(DAG_CBOR, utf8('lottery'))

/** What the VRF of a key gives for an input: unique, and not to be known without the key. */
export const simulatedBeta = (key: Uint8Array, alpha: Uint8Array): Uint8Array => digest('simulated-vrf', key, alpha)

/** The seed after a block of `key` at a height. */
export function seedAfter(key: Uint8Array, height: number, seed: Uint8Array): Uint8Array {
  return nextSeed(seed, simulatedBeta(key, vrfInput(LOTTERY_CHAIN, height, seed)))
}

export const leaderOf = (seed: Uint8Array, round: number, set: readonly Validator[]): Validator =>
  ownerOf(kappaOf(seed, round, totalPower(set)), set)

/** A member for a draw: keys are names only. */
export const drawn = (key: Uint8Array, power: number): Validator => ({ key, bls: new Uint8Array(48), pop: new Uint8Array(96), power })

/** How far a count of successes lies above what chance would give, in standard deviations. */
export function sigmasAbove(count: number, of: number, chance: number): number {
  return (count - of * chance) / Math.sqrt(of * chance * (1 - chance))
}
