import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  certificateHash,
  chainIdOf,
  cidOf,
  decodeAccount,
  decodeCertificate,
  decodeGenesis,
  decodeHeader,
  encodeAccount,
  encodeCertificate,
  encodeGenesis,
  encodeHeader,
  headerHash,
  kappaOf,
  ownerOf,
  powerRoot,
  RAW,
  signersOf,
  toHex,
  type Header,
  type Validator,
} from '../index.ts'

const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n })
const b32 = bytes(32)
const header: fc.Arbitrary<Header> = fc.record({
  chainId: b32.map((b) => cidOf(RAW, b)),
  height: fc.nat(),
  round: fc.nat(),
  parent: b32,
  parentCertificate: b32,
  proposer: b32,
  kappa: fc.nat(),
  vrfProof: bytes(80),
  seed: b32,
  time: fc.nat(),
  protocol: fc.nat(),
  txRoot: b32,
  receiptRoot: b32,
  eventRoot: b32,
  state: fc.record({ accounts: b32, contracts: b32, offchain: b32 }),
  bloom: b32,
  cat: b32,
  verdicts: b32,
  power: b32,
})
const validator: fc.Arbitrary<Validator> = fc.record({ key: b32, bls: bytes(48), pop: bytes(96), power: fc.integer({ min: 1, max: 50 }) })

test('U3.2-BLK-1 the hash covers every field of the head', () => {
  fc.assert(
    fc.property(header, header, (a, b) => {
      expect(encodeHeader(decodeHeader(encodeHeader(a)))).toEqual(encodeHeader(a))
      for (const key of Object.keys(a) as (keyof Header)[]) {
        const changed = { ...a, [key]: b[key] } as Header
        const same = Buffer.compare(encodeHeader(changed), encodeHeader(a)) === 0
        expect(toHex(headerHash(changed)) === toHex(headerHash(a))).toBe(same)
      }
    }),
    { numRuns: 30 },
  )
})

test('certificates, accounts and genesis survive their bytes', () => {
  fc.assert(
    fc.property(
      b32,
      bytes(96),
      fc.array(validator, { maxLength: 4 }),
      fc.bigInt({ min: 0n, max: 2n ** 100n }),
      (block, signature, validators, balance) => {
        const certificate = { height: 3, round: 0, block, signers: Uint8Array.of(1), signature }
        expect(decodeCertificate(encodeCertificate(certificate))).toEqual(certificate)
        expect(certificateHash(certificate)).toHaveLength(32)
        const account = { balance, nonce: 4, bond: 0n, node: { key: block, role: 'validator' as const } }
        expect(decodeAccount(encodeAccount(account))).toEqual(account)
        const genesis = {
          v: 1 as const,
          name: 'x',
          protocol: 1,
          time: 0,
          dev: true,
          validators,
          accounts: [{ address: block.subarray(12), balance }],
          epochBlocks: 600,
          emission: 'cycles' as const,
          vendors: [{ name: 'maker', key: block }],
          bondPrice: balance,
          level0Share: 100,
          environment: 'before-vote' as const,
          operators: ['MatMul', 'Conv'],
          blockReward: 7n,
          committeeSeats: 1_000,
          trustingBlocks: 1_800,
          salt: block,
        }
        expect(chainIdOf(decodeGenesis(encodeGenesis(genesis))).toString()).toBe(chainIdOf(genesis).toString())
      },
    ),
  )
})

test('a bit field that does not fit the set is refused', () => {
  const set = [1, 2, 3].map((power): Validator => ({ key: new Uint8Array(32), bls: new Uint8Array(48), pop: new Uint8Array(96), power }))
  const of = (signers: Uint8Array) => ({ height: 1, round: 0, block: new Uint8Array(32), signers, signature: new Uint8Array(96) })
  expect(signersOf(of(Uint8Array.of(0b101)), set).map((v) => v.power)).toEqual([1, 3])
  expect(() => signersOf(of(Uint8Array.of(0b1000)), set)).toThrowError(/nobody/)
  expect(() => signersOf(of(new Uint8Array(2)), set)).toThrowError(/fit/)
})

test('U2.5-VRF-1 the power line has one unit a chip, in the order of the set; U2.5-VRF-2 draws are proportional to power', () => {
  const set = [1, 2, 5].map((power, i): Validator => ({
    key: new Uint8Array(32).fill(i),
    bls: new Uint8Array(48),
    pop: new Uint8Array(96),
    power,
  }))
  expect(Array.from({ length: 8 }, (_, unit) => set.indexOf(ownerOf(unit, set)))).toEqual([0, 1, 1, 2, 2, 2, 2, 2])
  expect(() => ownerOf(8, set)).toThrowError(/beyond/)
  const counts = [0, 0, 0]
  const n = 8000
  for (let i = 0; i < n; i++) {
    const at = set.indexOf(ownerOf(kappaOf(new Uint8Array(32), i, 8), set))
    counts[at] = (counts[at] as number) + 1
  }
  const chi = [1, 2, 5].reduce((x, p, i) => x + ((counts[i] as number) - (n * p) / 8) ** 2 / ((n * p) / 8), 0)
  expect(chi).toBeLessThan(13.8) // p = 0.001 at 2 degrees of freedom; the draw is fixed
  expect(toHex(powerRoot(set))).not.toBe(toHex(powerRoot([...set].reverse())))
})
