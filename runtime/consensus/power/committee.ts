/**
 * A committee in the place of everybody: seats drawn with replacement, each to the owner of a unit of the power line. Drawn with the seed at the end of the
 * epoch before from powers that were fixed before that seed was known; the weight of a member is its seats. docs/spec/power.md states the bound.
 */
import { digest, encode, UtnetError, type Validator } from '../../core/index.ts'

/** Up to so many nodes all vote. */
export const SAMPLED_FROM = 300

/** The unit of the line that a seat draws: 256 bits modulo the total, so that no unit is likelier than another by more than 2^-200. */
function unitOf(seed: Uint8Array, epoch: number, seat: number, total: number): number {
  let n = 0n
  for (const byte of digest('committee', encode([seed, epoch, seat]))) n = (n << 8n) | BigInt(byte)
  return Number(n % BigInt(total))
}

/** The first index whose sum is above the unit. */
function ownerIndex(sums: readonly number[], unit: number): number {
  let low = 0
  let high = sums.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sums[middle] as number) > unit) high = middle
    else low = middle + 1
  }
  return low
}

/** The members that drew a seat, in the order of the line. */
export function drawCommittee(line: readonly Validator[], seats: number, seed: Uint8Array, epoch: number): Validator[] {
  let total = 0
  const sums = line.map((v) => (total += v.power))
  if (total === 0) throw new UtnetError('core_bad_argument', 'a committee of a line without power')
  const drawn = new Map<number, number>()
  for (let seat = 0; seat < seats; seat++) {
    const at = ownerIndex(sums, unitOf(seed, epoch, seat, total))
    drawn.set(at, (drawn.get(at) ?? 0) + 1)
  }
  return line.flatMap((v, i) => {
    const power = drawn.get(i)
    return power === undefined ? [] : [{ ...v, power }]
  })
}
