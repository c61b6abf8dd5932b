/** The power line (eq. 15-17): what the nodes have becomes the set of an epoch. Pure integers. */
import { compareBytes, type Genesis, type NodePower, type Validator } from '../../core/index.ts'
import { drawCommittee, SAMPLED_FROM } from './committee.ts'

/** The rules of a genesis that power goes by. */
export type PowerRules = Pick<Genesis, 'epochBlocks' | 'bondPrice' | 'level0Share' | 'committeeSeats' | 'trustingBlocks'>

/** A node with what counts of it in an epoch. */
export interface Entrant extends Pick<Validator, 'key' | 'bls' | 'pop'> {
  readonly power: NodePower
}

const WHOLE = 1_000

/** The most power that level 0 has beside `hard` power: s / 1000 of all is s * hard / (1000 - s). */
function level0Most(hard: number, share: number): bigint | undefined {
  return share >= WHOLE ? undefined : (BigInt(share) * BigInt(hard)) / BigInt(WHOLE - share)
}

/**
 * All nodes that have power, in the order of their keys: a unit for each unit of founding power and each certified chip, and one for each chip of level 0 as
 * far as the bond reaches. Where all of level 0 is over its share, each node's part is cut in proportion and rounded down.
 */
export function powerLine(entrants: readonly Entrant[], rules: Pick<PowerRules, 'level0Share'>): Validator[] {
  const parts = entrants
    .filter((e) => e.power.active)
    .map(({ key, bls, pop, power }) => {
      return { key, bls, pop, hard: power.founding + power.certified, soft: Math.min(power.software, power.units) }
    })
  const soft = parts.reduce((n, p) => n + p.soft, 0)
  const most = level0Most(
    parts.reduce((n, p) => n + p.hard, 0),
    rules.level0Share,
  )
  const cut = (n: number): number => (most === undefined || BigInt(soft) <= most ? n : Number((BigInt(n) * most) / BigInt(soft)))
  return parts
    .map(({ key, bls, pop, hard, soft: own }): Validator => ({ key, bls, pop, power: hard + cut(own) }))
    .filter((v) => v.power > 0)
    .sort((a, b) => compareBytes(a.key, b.key))
}

/** The set that votes in an epoch: all of the line, or, where they are many and the genesis says so, a committee whose members weigh what they drew. */
export function setOf(
  line: readonly Validator[],
  rules: Pick<PowerRules, 'committeeSeats'>,
  seed: Uint8Array,
  epoch: number,
): readonly Validator[] {
  if (rules.committeeSeats === 0 || line.length <= SAMPLED_FROM) return line
  return drawCommittee(line, rules.committeeSeats, seed, epoch)
}
