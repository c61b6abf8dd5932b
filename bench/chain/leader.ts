/** Who leads: shares against power over 100,000 draws, and what a member of a third gains that withholds its turn when the next seed does not suit it (docs/spec/chips.md). */
import {
  cidOf,
  compareBytes,
  DAG_CBOR,
  digest,
  encode,
  genesisSeed,
  kappaOf,
  leaderOf,
  nextSeed,
  ownerOf,
  totalPower,
  vrfInput,
  type Validator,
} from '../../runtime/core/index.ts'
import { publicKeyEd25519, useNativeHashes, vrfOutput, vrfProve } from '../../runtime/crypto/native.ts'
import { rowOf, type Row } from '../row.ts'

const DRAWS = 100_000
/** Heights whose seeds are real VRF outputs; each is drawn from in as many rounds as make up the draws. */
const REAL_HEIGHTS = 500
/** Powers as unlike as they may be: from one chip to 40 % of all. */
const POWERS = [1, 2, 5, 12, 30, 70, 130, 150, 200, 400]
/** A chi-square of 9 degrees of freedom is above this once in 1,000. */
const CHI2_999 = 27.877

const chainId = cidOf(DAG_CBOR, encode('leader share'))
const secretOf = (i: number): Uint8Array => digest('bench-leader', encode(i))

/** Members in the order of their keys, as they lie on the power line. */
function members(powers: readonly number[]): { readonly set: readonly Validator[]; readonly secrets: readonly Uint8Array[] } {
  const all = powers
    .map((power, i) => ({
      secret: secretOf(i),
      v: { key: publicKeyEd25519(secretOf(i)), bls: new Uint8Array(48), pop: new Uint8Array(96), power },
    }))
    .sort((a, b) => compareBytes(a.v.key, b.v.key))
  return { set: all.map((m) => m.v), secrets: all.map((m) => m.secret) }
}

/** Counts by place in the set: `DRAWS` draws of the chain's own function over seeds that real VRF outputs make. */
function realDraws(set: readonly Validator[], secrets: readonly Uint8Array[]): number[] {
  const counts = set.map(() => 0)
  let seed = genesisSeed(chainId)
  for (let height = 1; height <= REAL_HEIGHTS; height++) {
    for (let round = 0; round < DRAWS / REAL_HEIGHTS; round++) counts[leaderOf(seed, round, set)]!++
    const proof = vrfProve(secrets[leaderOf(seed, 0, set)] as Uint8Array, vrfInput(chainId, height, seed))
    seed = nextSeed(seed, vrfOutput(proof) as Uint8Array)
  }
  return counts
}

/** In the place of a VRF output, which takes 7 ms: a hash of what the output depends on, the key and its input. */
function simulatedBeta(key: Uint8Array, height: number, seed: Uint8Array): Uint8Array {
  return digest('simulated-beta', key, vrfInput(chainId, height, seed))
}

/** The same over as many heights, a draw each, with simulated outputs. */
function simulatedDraws(set: readonly Validator[]): number[] {
  const counts = set.map(() => 0)
  let seed = genesisSeed(chainId)
  for (let height = 1; height <= DRAWS; height++) {
    const leader = leaderOf(seed, 0, set)
    counts[leader]!++
    seed = nextSeed(seed, simulatedBeta((set[leader] as Validator).key, height, seed))
  }
  return counts
}

interface Fit {
  /** Largest deviation of a member from its share, in standard deviations of its count. */
  readonly sigma: number
  readonly chi2: number
}

function fitOf(counts: readonly number[], set: readonly Validator[]): Fit {
  const total = totalPower(set)
  const n = counts.reduce((sum, c) => sum + c, 0)
  let sigma = 0
  let chi2 = 0
  set.forEach((v, i) => {
    const p = v.power / total
    const off = (counts[i] as number) - n * p
    sigma = Math.max(sigma, Math.abs(off) / Math.sqrt(n * p * (1 - p)))
    chi2 += (off * off) / (n * p)
  })
  return { sigma, chi2 }
}

export interface Withheld {
  /** Heights that the adversary led, of all. */
  readonly share: number
  /** Rounds that it let pass, by height. */
  readonly skipped: number
  /** What it earned by height where a block has half the reward for each round before its own, in rewards. */
  readonly halved: number
}

/**
 * An adversary of 33 nodes among 100 equal ones. Where it leads the first rounds of a height in a row, it can propose by any of these nodes: each has
 * a VRF of its own, so each makes another seed. It takes the first that lets it lead the next height too, else the last of the row.
 * Without `withholds` it takes its first turn always.
 */
export function withholding(heights: number, withholds: boolean, bad = 33): Withheld {
  const { set } = members(Array.from({ length: 100 }, () => 1))
  const isBad = (place: number): boolean => place < bad
  let seed = genesisSeed(chainId)
  let led = 0
  let skipped = 0
  let halved = 0
  for (let height = 1; height <= heights; height++) {
    const seedOf = (place: number): Uint8Array => nextSeed(seed, simulatedBeta((set[place] as Validator).key, height, seed))
    let round = 0
    let leader = leaderOf(seed, round, set)
    let next = seedOf(leader)
    if (isBad(leader)) {
      led++
      while (withholds && !isBad(leaderOf(next, 0, set))) {
        const other = leaderOf(seed, round + 1, set)
        // To let an honest node have the height is to give a block away for the chance of another.
        if (!isBad(other)) break
        round++
        leader = other
        next = seedOf(leader)
      }
    }
    if (isBad(leader)) halved += 2 ** -round
    skipped += round
    seed = next
  }
  return { share: led / heights, skipped: skipped / heights, halved: halved / heights }
}

export async function leaderRows(emit: (row: Row) => void): Promise<void> {
  useNativeHashes()
  const { set, secrets } = members(POWERS)
  // leaderOf is kappa and its owner, nothing else.
  const seed = genesisSeed(chainId)
  if (set[leaderOf(seed, 3, set)] !== ownerOf(kappaOf(seed, 3, totalPower(set)), set))
    throw new RangeError('the draw is not that of the chain')
  const fits = [fitOf(realDraws(set, secrets), set), fitOf(simulatedDraws(set), set)]
  emit(
    rowOf('chain', {
      id: 'chain.leader.sigma',
      row: `largest deviation of a member's leader share from its power in ${DRAWS.toLocaleString('en')} draws: over ${REAL_HEIGHTS} seeds of real VRF outputs in 200 rounds each, and over as many heights with simulated outputs; the larger`,
      unit: 'sigma',
      values: fits.map((f) => f.sigma),
      value: Math.max(...fits.map((f) => f.sigma)),
      atMost: 3,
    }),
  )
  emit(
    rowOf('chain', {
      id: 'chain.leader.chi2',
      row: 'chi-square of the same counts, 9 degrees of freedom (once in 1,000 above the bar); the larger',
      unit: 'chi2',
      values: fits.map((f) => f.chi2),
      value: Math.max(...fits.map((f) => f.chi2)),
      atMost: CHI2_999,
    }),
  )
  const fair = withholding(DRAWS, false)
  const grinds = withholding(DRAWS, true)
  emit(
    rowOf('chain', {
      id: 'chain.leader.withhold-gain',
      row: `blocks more that 33 nodes of 100 lead when they withhold with one block of look-ahead (${(100 * fair.share).toFixed(2)} % before, ${(100 * grinds.share).toFixed(2)} % then)`,
      unit: '%',
      values: [100 * (grinds.share / fair.share - 1)],
    }),
  )
  const gain = grinds.share - fair.share
  const half = 100 * (grinds.halved / fair.halved - 1)
  emit(
    rowOf('chain', {
      id: 'chain.leader.withhold-penalty',
      row: `penalty for each round let pass, in block rewards, at which that gains nothing (${(1_000 * grinds.skipped).toFixed(1)} rounds in 1,000 heights; the chain pays half the reward for each round before a block's own: so it earns ${half.toFixed(2)} %)`,
      unit: 'rewards',
      values: [gain / grinds.skipped],
    }),
  )
}
