/** Validators on the power line: their commitment, their proof of possession, and who is drawn (eq. 15-17). */
import { asBytes, asMap, asUint, digest, encode, type Cbor, type CID } from '../codec/index.ts'
import { UtnetError } from '../errors.ts'
import { merkleRoot } from '../trees/index.ts'

/** A member of the set that votes. */
export interface Validator {
  /** ed25519 node key. */
  readonly key: Uint8Array
  /** BLS12-381 vote key in G1, 48 bytes. */
  readonly bls: Uint8Array
  /** Proof of possession of the vote key, 96 bytes. */
  readonly pop: Uint8Array
  /** Chips (units of power). */
  readonly power: number
}

/** The form in which sets and deltas are hashed. */
export const validatorCbor = (v: Validator): Cbor => ({ key: v.key, bls: v.bls, pop: v.pop, power: v.power })

/** The validator of a decoded value. */
export function readValidator(value: Cbor | undefined): Validator {
  const v = asMap(value, ['key', 'bls', 'pop', 'power'], 'validator')
  return {
    key: asBytes(v['key'], 'key', 32),
    bls: asBytes(v['bls'], 'bls', 48),
    pop: asBytes(v['pop'], 'pop', 96),
    power: asUint(v['power'], 'power'),
  }
}

/** Commitment of a validator set: RFC 6962 Merkle root over its members' canonical bytes, in order. */
export function powerRoot(validators: readonly Validator[]): Uint8Array {
  return merkleRoot(validators.map((v) => encode(validatorCbor(v))))
}

/** Total power of a set, in chips. */
export function totalPower(validators: readonly Pick<Validator, 'power'>[]): number {
  return validators.reduce((n, v) => n + v.power, 0)
}

/** What a validator signs with its vote key to register it (against rogue keys). */
export function possessionMessage(bls: Uint8Array): Uint8Array {
  return digest('possession', bls)
}

/** What a vote key signs to work for a node key of a chain. */
export function voteKeyMessage(chainId: CID, key: Uint8Array, bls: Uint8Array): Uint8Array {
  return digest('vote-key', encode([chainId, key, bls]))
}

/** The unit of the power line drawn at a round: H(previous seed || round) mod total (eq. 16). */
export function kappaOf(previousSeed: Uint8Array, round: number, total: number): number {
  const hash = digest('kappa', encode([previousSeed, round]))
  let r = 0n
  for (const byte of hash) r = (r << 8n) | BigInt(byte)
  return Number(r % BigInt(total))
}

/** The validator that owns a unit: members lie on the line in the set's order (eq. 17). */
export function ownerOf(kappa: number, validators: readonly Validator[]): Validator {
  let at = kappa
  for (const v of validators) {
    if (at < v.power) return v
    at -= v.power
  }
  throw new UtnetError('chain_invalid', `unit ${kappa} is beyond the power line`)
}

/** Place in the set of who leads a round: the owner of the unit that the seed of the block before draws. */
export function leaderOf(previousSeed: Uint8Array, round: number, validators: readonly Validator[]): number {
  return validators.indexOf(ownerOf(kappaOf(previousSeed, round, totalPower(validators)), validators))
}
