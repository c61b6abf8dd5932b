/** What the last block of an epoch does behind its transactions, and the set of the next epoch that follows from its state. */
import { epochOf, equalBytes, powerIn, type NodeRecord, type Validator } from '../../core/index.ts'
import type { WorkingState } from '../state/index.ts'
import { releaseLeases } from './leases.ts'
import { powerLine, setOf, type Entrant, type PowerRules } from './line.ts'
import { isIdle, memberAt, membersOf, readNode, strike, type Moment } from './registry.ts'

/** What the end of an epoch is worked out from. */
export interface EpochEnd {
  /** The last height of its epoch. */
  readonly height: number
  /** Seed of that block. */
  readonly seed: Uint8Array
  readonly rules: PowerRules
  readonly crypto: Moment['crypto']
  /** The set of the epoch that ends. */
  readonly present: readonly Validator[]
}

const sameSet = (a: readonly Validator[], b: readonly Validator[]): boolean =>
  a.length === b.length &&
  a.every((v, i) => {
    const w = b[i] as Validator
    return v.power === w.power && equalBytes(v.key, w.key) && equalBytes(v.bls, w.bls)
  })

/**
 * Lets leases go that end, strikes out nodes that have nothing, and gives the set of the next epoch: what each node had at the end of the epoch before,
 * without those whose vote keys were slashed. A set that would be empty is not taken: the present one stays, and is given again as the same object.
 */
export function endEpoch(state: WorkingState, end: EpochEnd): readonly Validator[] {
  const { rules, present } = end
  const epoch = epochOf(end.height, rules.epochBlocks)
  releaseLeases(state, { epoch, crypto: end.crypto })
  const entrants: Entrant[] = []
  for (let place = membersOf(state) - 1; place >= 0; place--) {
    const key = memberAt(state, place)
    const record = readNode(state, key) as NodeRecord
    if (isIdle(record, epoch)) {
      strike(state, key, record)
      continue
    }
    const power = powerIn(record, epoch + 1)
    if (power !== undefined) entrants.push({ key, bls: record.bls, pop: record.pop, power })
  }
  const line = powerLine(entrants, rules)
  if (line.length === 0) return present
  const next = setOf(line, rules, end.seed, epoch + 1)
  return sameSet(present, next) ? present : next
}
