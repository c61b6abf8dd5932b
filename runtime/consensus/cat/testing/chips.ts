/** Chips with keys that are the same in every run: identity keys of ed25519, BLS keys whose secrets can be added up. */
import { concatBytes, digest, utf8 } from '../../../core/index.ts'
import * as crypto from '../../../crypto/native.ts'
import type { CatSeat, CatSeats, CatSigner } from '../index.ts'

export interface TestChip extends CatSeat {
  readonly secret: Uint8Array
  readonly bls: Uint8Array
  readonly blsSecret: Uint8Array
}

const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n

const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const scalar = (n: bigint): Uint8Array => Uint8Array.from(Buffer.from((n % ORDER).toString(16).padStart(64, '0'), 'hex'))

export function testChip(owner: string, i: number): TestChip {
  const of = (use: string): Uint8Array => digest('test', utf8(`${use} ${owner} ${i}`))
  const secret = of('identity')
  const blsSecret = scalar(number(of('bls')))
  return {
    serial: of('serial').subarray(0, 16),
    identity: { alg: 'ed25519', bytes: crypto.publicKeyEd25519(secret) },
    secret,
    bls: crypto.blsPublicKey(blsSecret),
    blsSecret,
  }
}

export const testChips = (owner: string, count: number): TestChip[] => Array.from({ length: count }, (_, i) => testChip(owner, i))

/** Secret whose signature is the sum of all their signatures: what makes the aggregate alone worthless as a proof of many chips. */
export function summedSecret(chips: readonly Pick<TestChip, 'blsSecret'>[]): Uint8Array {
  return scalar(chips.reduce((sum, c) => sum + number(c.blsSecret), 0n))
}

export function seatsOf(chips: readonly TestChip[]): CatSeats {
  return {
    count: chips.length,
    aggregate: chips.length === 0 ? concatBytes(Uint8Array.of(0xc0), new Uint8Array(47)) : crypto.blsPublicKey(summedSecret(chips)),
    seat: (index) => {
      const chip = chips[index]
      if (chip === undefined) throw new RangeError(`there is no seat ${index}`)
      return chip
    },
  }
}

/** Signs for those of the chips that are not missing. The aggregate is made with the summed secret, as a node may that holds all BLS secrets. */
export function signerOf(chips: readonly TestChip[], missing: ReadonlySet<number> = new Set()): CatSigner {
  const bySerial = new Map(chips.map((c, i) => [Buffer.from(c.serial).toString('hex'), missing.has(i) ? undefined : c]))
  return {
    answer: (serial, message) => {
      const chip = bySerial.get(Buffer.from(serial).toString('hex'))
      return chip && crypto.signEd25519(message, chip.secret)
    },
    aggregate: (challenge) => crypto.blsSign(challenge, summedSecret(chips)),
  }
}
