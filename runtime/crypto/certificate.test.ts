import { expect, test } from 'vitest'
import { cidOf, DAG_CBOR, precommitMessage, sha256, utf8, type Certificate, type Validator } from '../core/index.ts'
import * as noble from './index.ts'
import * as native from './native.ts'

const powers = [3, 2, 2, 1, 1]
const members = powers.map((power, i) => {
  const secret = native.blsKeygen(sha256(Uint8Array.of(i, 1)))
  const key = native.publicKeyEd25519(sha256(Uint8Array.of(i, 2)))
  return { secret, validator: { key, bls: native.blsPublicKey(secret), pop: native.blsProvePossession(secret), power } satisfies Validator }
})
const validators = members.map((m) => m.validator)
const block = { chainId: cidOf(DAG_CBOR, utf8('genesis')), height: 12, round: 1, blockHash: sha256(utf8('block')) }

function certify(signers: readonly number[], change: Partial<Certificate> = {}): Certificate {
  const base = { height: block.height, round: block.round, block: block.blockHash, ...change }
  const message = precommitMessage(block.chainId, base.height, base.round, base.block)
  const bits = new Uint8Array(1)
  for (const i of signers) bits[0] = (bits[0] as number) | (1 << i)
  return {
    ...base,
    signers: bits,
    signature: native.blsAggregate(signers.map((i) => native.blsSign(message, members[i]?.secret as Uint8Array))),
    ...change,
  }
}

test('C23 every subset of a weighted set: valid exactly above two thirds of the power', () => {
  const total = powers.reduce((a, b) => a + b)
  for (let mask = 1; mask < 32; mask++) {
    const signers = powers.flatMap((_, i) => ((mask >> i) & 1 ? [i] : []))
    const power = signers.reduce((n, i) => n + (powers[i] as number), 0)
    const check = () => native.checkCertificate(block, certify(signers), validators, native.blsFastAggregateVerify)
    if (power * 3 > total * 2) expect(check()).toBe(BigInt(power))
    else expect(check).toThrow(/more than two thirds/)
  }
})

test('the portable half agrees, and names what is wrong with a certificate', () => {
  const good = certify([0, 1, 2])
  expect(noble.checkCertificate(block, good, validators, noble.blsFastAggregateVerify)).toBe(7n)
  const refused = (c: Certificate, why: RegExp, set = validators, of = block) => {
    expect(() => native.checkCertificate(of, c, set, native.blsFastAggregateVerify)).toThrow(why)
  }
  refused(certify([0, 1, 2], { height: 13 }), /of height 13/)
  refused(certify([0, 1, 2], { block: sha256(utf8('other')) }), /another block/)
  refused(certify([0, 1, 2], { round: 0 }), /before the block's round/)
  refused({ ...good, signers: Uint8Array.of(0b01111) }, /aggregate signature/)
  refused({ ...good, signers: Uint8Array.of(0b10111) }, /aggregate signature/)
  refused({ ...good, signers: Uint8Array.of(0b100111) }, /names nobody/)
  refused({ ...good, signers: Uint8Array.of(0b111, 0) }, /does not fit/)
  refused({ ...good, signers: new Uint8Array(0) }, /does not fit/)
  refused({ ...good, signers: Uint8Array.of(0) }, /two thirds/)
  refused({ ...good, round: 2 }, /aggregate signature/)
  refused({ ...good, signature: new Uint8Array(96) }, /aggregate signature/)
  refused(good, /aggregate signature/, validators, { ...block, chainId: cidOf(DAG_CBOR, utf8('other chain')) })
  refused(good, /two thirds|aggregate/, [...validators].reverse())
  refused(good, /two thirds|does not fit|aggregate/, [])
  // A locked block may be certified in a later round than it was proposed in.
  expect(native.checkCertificate(block, certify([0, 1, 2], { round: 4 }), validators, native.blsFastAggregateVerify)).toBe(7n)
})
