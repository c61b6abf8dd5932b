/**
 * Which receipts are checked, and which of their operators: a function of a beacon that nobody knew when the results were committed to. Integers only.
 *
 * A receipt is picked with probability rate / 10^6, whatever other receipts there are. Within one, `draws` operators are drawn with replacement, each with a
 * chance of its cost over the cost of all: wrong operators that make up the share w of the cost are found with probability 1 - (1 - w)^draws.
 */
import { abytes, digest, encode, UtnetError, type CID } from '../core/index.ts'

const MILLION = 1_000_000n

/** The number in the first 8 bytes, big-endian. */
const number64 = (bytes: Uint8Array): bigint => new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0)

/** Whether the beacon (32 bytes) picks a receipt, of which `perMillion` in a million are picked. Depends on nothing but its arguments. */
export function isPicked(beacon: Uint8Array, receipt: CID, perMillion: number): boolean {
  abytes(beacon, 32, 'beacon')
  if (!Number.isSafeInteger(perMillion) || perMillion < 0 || perMillion > 1_000_000)
    throw new UtnetError('core_bad_argument', `a rate lies between 0 and a million in a million, not at ${perMillion}`)
  // floor(2^64 * rate): the hash lies below it with exactly that chance, but for one part in 2^64
  return number64(digest('piee-receipt', beacon, receipt.bytes)) < ((1n << 64n) * BigInt(perMillion)) / MILLION
}

/** A number below `below` (at most 2^63), each equally likely: hashes that fall into the last, incomplete round are drawn again. */
function uniform(use: string, seed: Uint8Array, below: bigint): bigint {
  const rounds = ((1n << 64n) / below) * below
  for (let attempt = 0; ; attempt++) {
    const value = number64(digest(use, encode([seed, attempt])))
    if (value < rounds) return value % below
  }
}

/** What an operator weighs in the draw: its cost, and never nothing. */
export const weightOf = (cost: number): number => Math.max(1, cost)

/**
 * The operators that a beacon (32 bytes) draws in one receipt: `draws` numbers of entries, with replacement. `costs` of all entries in the order of the trace, safe
 * integers; so must their sum be.
 */
export function drawOperators(beacon: Uint8Array, receipt: CID, costs: readonly number[], draws: number): number[] {
  abytes(beacon, 32, 'beacon')
  const upTo: number[] = []
  let total = 0
  for (const cost of costs) {
    if (!Number.isSafeInteger(cost) || cost < 0) throw new UtnetError('core_bad_argument', `a cost is an unsigned integer, not ${cost}`)
    upTo.push((total += weightOf(cost)))
  }
  if (costs.length === 0) throw new UtnetError('core_bad_argument', 'there is no operator to draw')
  if (!Number.isSafeInteger(total)) throw new UtnetError('core_bad_argument', `costs that sum up to ${total} are beyond exact integers`)
  return Array.from({ length: draws }, (_, draw) => {
    const ticket = Number(uniform('piee-operator', encode([beacon, receipt, draw]), BigInt(total)))
    // the first entry whose tickets reach beyond this one
    let low = 0
    let high = upTo.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((upTo[middle] as number) > ticket) high = middle
      else low = middle + 1
    }
    return low
  })
}

/** Chance that `draws` draws find one of the wrong entries: 1 - (1 - w)^draws, w their share of the weight. For people and tests: no two nodes agree on it. */
export function catchRate(costs: readonly number[], wrong: readonly number[], draws: number): number {
  const total = costs.reduce((sum, cost) => sum + weightOf(cost), 0)
  const share = [...new Set(wrong)].reduce((sum, entry) => sum + weightOf(costs[entry] as number), 0) / total
  return 1 - (1 - share) ** draws
}
