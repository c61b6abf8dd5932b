/** Chips that answer for a node, without a chain: seats over their keys, and what signs with them. */
import { fromHex, NO_KEYS, toHex } from '../../../core/index.ts'
import { chipOf, type ChipOptions, type TestChip } from '../../power/testing/chips.ts'
import { crypto } from '../../testing/test-kit.ts'
import type { AnsweringChips, CatSigner } from '../index.ts'

/** Order of the group of BLS keys (draft-irtf-cfrg-pairing-friendly-curves 4.2.1). */
const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n

export const testChips = (owner: string, count: number, options: ChipOptions = {}): TestChip[] =>
  Array.from({ length: count }, (_, i) => chipOf(`${owner} ${i}`, options))

/** The secret whose signature is the sum of all their signatures: what makes the aggregate alone worthless as a proof of many chips. */
export function summedSecret(chips: readonly Pick<TestChip, 'blsSecret'>[]): Uint8Array {
  const sum = chips.reduce((n, { blsSecret }) => n + BigInt(`0x${toHex(blsSecret)}`), 0n)
  return fromHex((sum % ORDER).toString(16).padStart(64, '0'))
}

export function seatsOf(chips: readonly TestChip[]): AnsweringChips {
  return {
    count: chips.length,
    aggregate: chips.reduce((sum, { bls }) => crypto.blsChangeKeySum(sum, bls, 'add'), NO_KEYS),
    seat: (index) => chips[index] as TestChip,
  }
}

/** Signs for those of the chips that are not missing; the BLS secrets are all at hand, as they may be. */
export function signerOf(chips: readonly TestChip[], missing: ReadonlySet<number> = new Set()): CatSigner {
  const bySerial = new Map(chips.flatMap((chip, i) => (missing.has(i) ? [] : [[toHex(chip.serial), chip] as const])))
  return {
    answer: (serial, message) => bySerial.get(toHex(serial))?.sign(message),
    aggregate: (challenge) => crypto.blsAggregate(chips.map(({ blsSecret }) => crypto.blsSign(challenge, blsSecret))),
  }
}
