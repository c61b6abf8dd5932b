import { bls12_381 } from '@noble/curves/bls12-381.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodePowerDelta,
  encodePowerDelta,
  equalBytes,
  headerHash,
  isUtnetError,
  LIMITS,
  powerDelta,
  powerRoot,
  precommitMessage,
  sha256,
  utf8,
  type ErrorCode,
  type Header,
  type Validator,
} from '../../core/index.ts'
import * as native from '../../crypto/native.ts'
import {
  checkpointOf,
  decodeSet,
  decodeStep,
  decodeTrusted,
  encodeSet,
  encodeStep,
  encodeTrusted,
  LightClient,
  lightRules,
  planSteps,
  pointAt,
  signersOfBoth,
  trustCheckpoint,
  trustGenesis,
  type LightOptions,
  type LightStep,
} from './index.ts'
import { certifyBy, lightTestChain, signerOf, type Members, type TestChain } from './testing/chain.ts'

const FOUR: Members = { a: 1, b: 1, c: 1, d: 1 }
/** One member of four changes in each epoch. */
const TURNING: readonly Members[] = [
  FOUR,
  FOUR,
  { b: 1, c: 1, d: 1, e: 1 },
  { c: 1, d: 1, e: 1, f: 1 },
  { d: 1, e: 1, f: 1, g: 1 },
  { e: 1, f: 1, g: 1, h: 1 },
]

const clientOf = (chain: TestChain, more: Partial<LightOptions> = {}): LightClient =>
  new LightClient({ genesis: chain.genesis, crypto: native, ...more })
const nowOf = (chain: TestChain, height = 100): number => chain.genesis.time + height * 1_000

function codeOf(work: () => unknown): ErrorCode | 'nothing' {
  try {
    work()
  } catch (error) {
    if (isUtnetError(error)) return error.code
    throw error
  }
  return 'nothing'
}

function followTo(client: LightClient, chain: TestChain, epoch: number, now = nowOf(chain)): void {
  for (let e = client.trusted.epoch; e < epoch; e++) client.follow(chain.epochStep(e), now)
}

const precommit = (chain: TestChain, header: Header): Uint8Array =>
  precommitMessage(chain.chainId, header.height, header.round, headerHash(header))

/** A key that cancels the others out of the sum: what is left is `own`. */
function rogueKeyOf(victims: readonly Validator[], own: Uint8Array): Uint8Array {
  const { Point } = bls12_381.G1
  const sum = victims.reduce((at, v) => at.add(Point.fromBytes(v.bls)), Point.ZERO)
  return Point.fromBytes(own).subtract(sum).toBytes()
}

describe('W-BUS-1: a light client', () => {
  test('follows a set that changes in each epoch by one certificate an epoch, from the genesis to another set altogether', () => {
    const chain = lightTestChain({ epochs: TURNING })
    const client = clientOf(chain)
    followTo(client, chain, 5)
    expect(client.trusted).toMatchObject({ height: 20, epoch: 5 })
    expect(client.trusted.set).toEqual(chain.setAt(21))
    expect(client.pairings).toBe(5)
    for (const height of [21, 22, 23, 24]) {
      const { header, certificate } = chain.headerAt(height)
      expect(client.accept(header, certificate, nowOf(chain))).toBe(header)
    }
    const before = client.pairings
    const { header, certificate } = chain.headerAt(22)
    client.accept(header, certificate, nowOf(chain))
    client.follow(chain.epochStep(2), nowOf(chain))
    expect(client.pairings).toBe(before)
  })

  test('accepts headers of later epochs as long as the set is the very same, and of epochs gone by', () => {
    const chain = lightTestChain({ epochs: [FOUR] })
    const client = clientOf(chain)
    for (const height of [9, 2, 17]) {
      const { header, certificate } = chain.headerAt(height)
      expect(client.accept(header, certificate, nowOf(chain))).toBe(header)
    }
    // the last header of an epoch that is not the trusted one names a set, but not who certified it
    const { header, certificate } = chain.headerAt(12)
    expect(codeOf(() => client.accept(header, certificate, nowOf(chain)))).toBe('light_gap')
    followTo(client, chain, 4)
    expect(codeOf(() => client.accept(header, certificate, nowOf(chain)))).toBe('nothing')
  })

  test('goes on from a point that was kept as bytes, and from a checkpoint that somebody named', () => {
    const chain = lightTestChain({ epochs: TURNING })
    const client = clientOf(chain)
    followTo(client, chain, 3)
    const rules = lightRules(chain.genesis)
    const kept = decodeTrusted(rules, encodeTrusted(client.trusted))
    expect(kept).toEqual(client.trusted)
    const again = clientOf(chain, { from: kept })
    followTo(again, chain, 5)
    expect(again.trusted.set).toEqual(chain.setAt(21))
    // the first block is a point, the genesis needs no bytes
    const first = chain.headerAt(1).header
    expect(pointAt(rules, first, chain.setAt(2)).height).toBe(1)
    expect(codeOf(() => encodeTrusted(trustGenesis(chain.genesis)))).toBe('core_bad_argument')
    const { header } = chain.headerAt(12)
    const named = checkpointOf(rules, kept)
    expect(trustCheckpoint(rules, named, header, chain.setAt(13))).toEqual(kept)
    for (const wrong of [
      { ...named, height: 11 },
      { ...named, hash: sha256(named.hash) },
      { ...named, power: sha256(named.power) },
      { ...named, chainId: lightRules({ ...chain.genesis, name: 'other' }).chainId },
    ])
      expect(codeOf(() => trustCheckpoint(rules, wrong, header, chain.setAt(13)))).toBe('light_invalid')
    expect(codeOf(() => trustCheckpoint(rules, named, header, chain.setAt(12)))).toBe('light_invalid')
    expect(codeOf(() => trustCheckpoint(rules, named, chain.headerAt(11).header, chain.setAt(13)))).toBe('light_invalid')
  })

  test('a kept point with one flipped bit anywhere is another point or none', () => {
    const chain = lightTestChain({ epochs: TURNING })
    const client = clientOf(chain)
    followTo(client, chain, 2)
    const rules = lightRules(chain.genesis)
    const bytes = encodeTrusted(client.trusted)
    for (let at = 0; at < bytes.length; at++) {
      const spoilt = Uint8Array.from(bytes, (b, i) => (i === at ? b ^ (1 << (at % 8)) : b))
      let hash: Uint8Array | undefined
      try {
        hash = decodeTrusted(rules, spoilt).hash
      } catch (error) {
        expect(isUtnetError(error), `byte ${at}`).toBe(true)
      }
      expect(hash !== undefined && equalBytes(hash, client.trusted.hash), `byte ${at}`).toBe(false)
    }
  })
})

describe('a jump over epochs', () => {
  const now = (chain: TestChain): number => nowOf(chain)
  /** To the first header of an epoch. */
  const jump = (chain: TestChain, from: number, epoch: number): LightStep => ({
    ...chain.headerAt(epoch * 4 + 1),
    delta: powerDelta(chain.setAt(from * 4 + 1), chain.setAt(epoch * 4 + 1)),
  })

  test('is taken where more than a third of the trusted power signed and counts still, and not at a third', () => {
    const six: Members = { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 }
    const three = lightTestChain({ epochs: [six, six, { a: 1, b: 1, c: 1, u: 1, v: 1, w: 1 }] })
    expect(codeOf(() => clientOf(three).follow(jump(three, 0, 2), now(three)))).toBe('nothing')
    const two = lightTestChain({ epochs: [six, six, { a: 1, b: 1, t: 1, u: 1, v: 1, w: 1 }] })
    expect(codeOf(() => clientOf(two).follow(jump(two, 0, 2), now(two)))).toBe('light_gap')
    // what counts is what is still at stake: three members with a third of the power that they had
    const poorer = lightTestChain({ epochs: [{ a: 3, b: 3, c: 3, d: 3, e: 3, f: 3 }, FOUR, { a: 1, b: 1, c: 1, u: 1, v: 1, w: 1 }] })
    expect(codeOf(() => clientOf(poorer).follow(jump(poorer, 0, 2), now(poorer)))).toBe('light_gap')
  })

  test('counts only members that signed, under the vote key that is trusted', () => {
    const six: Members = { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 }
    const chain = lightTestChain({ epochs: [six, six, { a: 1, b: 1, c: 1, t: 1, u: 1, v: 1, w: 1, x: 1, y: 1, z: 1 }] })
    const step = jump(chain, 0, 2)
    const members = chain.membersAt(9)
    const silent = members.findIndex((m) => equalBytes(m.validator.key, signerOf('a').validator.key))
    const without = certifyBy(chain.chainId, step.header, members, (i) => i !== silent)
    expect(codeOf(() => clientOf(chain).follow({ ...step, certificate: without }, now(chain)))).toBe('light_gap')
    expect(codeOf(() => clientOf(chain).follow(step, now(chain)))).toBe('nothing')
  })

  test('is none to a block of one that was not drawn, whoever certifies it', () => {
    const chain = lightTestChain({ epochs: [FOUR, FOUR, FOUR] })
    const step = jump(chain, 0, 2)
    const stranger = chain.membersAt(9).find((m) => !equalBytes(m.validator.key, step.header.proposer))
    const header = { ...step.header, proposer: stranger?.validator.key ?? step.header.proposer }
    const certified = { ...step, header, certificate: certifyBy(chain.chainId, header, chain.membersAt(9)) }
    expect(codeOf(() => clientOf(chain).follow(certified, now(chain)))).toBe('light_invalid')
    expect(codeOf(() => clientOf(chain).follow(step, now(chain)))).toBe('nothing')
  })

  test('needs two thirds of the new set besides', () => {
    const chain = lightTestChain({ epochs: [FOUR] })
    const step = jump(chain, 0, 3)
    const half = certifyBy(chain.chainId, step.header, chain.membersAt(13), (i) => i < 2)
    expect(codeOf(() => clientOf(chain).follow({ ...step, certificate: half }, now(chain)))).toBe('chain_invalid')
  })

  test('brings so many members that are not known, and one more is a gap before a proof of any is looked at', () => {
    const great: Members = { a: 1_000, b: 1_000, c: 1_000, d: 1_000 }
    const grown = (newcomers: number): TestChain => {
      const more = Object.fromEntries(Array.from({ length: newcomers }, (_, i) => [`newcomer ${i}`, 1]))
      return lightTestChain({ epochs: [great, great, { ...great, ...more }] })
    }
    const looked = (chain: TestChain, step: LightStep): readonly [string, number] => {
      let proofs = 0
      const verifyValidator = (v: Validator): boolean => {
        proofs++
        return native.verifyValidator(v)
      }
      const client = clientOf(chain, { crypto: { ...native, verifyValidator } })
      proofs = 0
      return [codeOf(() => client.follow(step, now(chain))), proofs]
    }
    const [most, over] = [grown(LIMITS.jumpNewcomers), grown(LIMITS.jumpNewcomers + 1)]
    expect(looked(most, jump(most, 0, 2))).toEqual(['nothing', LIMITS.jumpNewcomers])
    expect(looked(over, jump(over, 0, 2))).toEqual(['light_gap', 0])
    // who shows a certificate that does not hold has no proof looked at
    const step = jump(most, 0, 2)
    const forged = { ...step.certificate, signature: most.headerAt(5).certificate.signature }
    expect(looked(most, { ...step, certificate: forged })).toEqual(['chain_invalid', 0])
    // and nobody plans what is not taken
    const heights = (chain: TestChain): readonly number[] => planSteps(chain, 0, 9).map(({ header }) => header.height)
    expect([heights(most), heights(over)]).toEqual([[9], [5, 8]])
  })

  test('to a set with a key made up from the others is refused: it would sign for them all', () => {
    const chain = lightTestChain({ epochs: [FOUR] })
    // rogue = x - (a + b + c + d), so the sum of all five keys is x alone
    const secret = native.blsKeygen(sha256(utf8('x')))
    const rogueKey = rogueKeyOf(chain.setAt(1), native.blsPublicKey(secret))
    const node = signerOf('rogue')
    const rogue: Validator = { ...node.validator, bls: rogueKey, pop: native.blsProvePossession(secret), power: 1 }
    const members = [...chain.membersAt(1), { validator: rogue, bls: secret }].sort((a, b) =>
      Buffer.compare(a.validator.key, b.validator.key),
    )
    const set = members.map((m) => m.validator)
    const of = chain.headerAt(13).header
    const place = set.indexOf(rogue)
    const header = { ...of, power: powerRoot(set), kappa: place, proposer: rogue.key }
    const all = certifyBy(chain.chainId, header, members)
    const forged = { ...all, signature: certifyBy(chain.chainId, header, [{ bls: secret }]).signature }
    // the forgery is a true one: the aggregate passes for all five
    expect(
      native.blsFastAggregateVerify(
        forged.signature,
        precommit(chain, header),
        set.map((v) => v.bls),
      ),
    ).toBe(true)
    const step = { header, certificate: forged, delta: powerDelta(chain.setAt(1), set) }
    expect(() => clientOf(chain).follow(step, now(chain))).toThrow(/no proof of its vote key/)
    // with the check taken out the client would believe it
    const careless = clientOf(chain, { crypto: { ...native, verifyValidator: () => true } })
    expect(codeOf(() => careless.follow(step, now(chain)))).toBe('nothing')
  })

  test('over more heights than bonds stay at stake is refused', () => {
    const chain = lightTestChain({ epochs: [FOUR], trustingBlocks: 12 })
    const patient = (): LightClient => clientOf(chain, { trustingMs: 1_000_000 })
    expect(codeOf(() => patient().follow(jump(chain, 0, 3), now(chain)))).toBe('light_gap')
    const near = { ...chain.headerAt(10), delta: powerDelta(chain.setAt(1), chain.setAt(10)) }
    expect(codeOf(() => patient().follow(near, now(chain)))).toBe('nothing')
    const { header, certificate } = chain.headerAt(13)
    expect(codeOf(() => patient().accept(header, certificate, now(chain)))).toBe('light_gap')
  })
})

describe('what must be refused:', () => {
  const chain = lightTestChain({ epochs: TURNING })
  const now = nowOf(chain)
  const fresh = (): LightClient => clientOf(chain)
  const second = (): LightClient => {
    const client = fresh()
    followTo(client, chain, 1)
    return client
  }
  const step = chain.epochStep(1)

  test.each<[string, () => LightStep, ErrorCode]>([
    [
      'a certificate of another chain',
      () => ({ ...step, certificate: certifyBy(lightRules({ ...chain.genesis, name: 'x' }).chainId, step.header, chain.membersAt(8)) }),
      'chain_invalid',
    ],
    [
      'a block of another chain with its own certificate',
      () => lightTestChain({ epochs: TURNING, name: 'other' }).epochStep(1),
      'light_invalid',
    ],
    ['a certificate of the block before', () => ({ ...step, certificate: chain.headerAt(7).certificate }), 'chain_invalid'],
    ['a certificate of prevotes', () => ({ ...step, certificate: { ...step.certificate, round: 1 } }), 'chain_invalid'],
    [
      'a header of a height that does not end the epoch',
      () => ({ ...chain.headerAt(7), delta: powerDelta(chain.setAt(5), chain.setAt(8)) }),
      'light_invalid',
    ],
    ['an epoch left out', () => chain.epochStep(2), 'light_invalid'],
    [
      'an epoch left out with the delta from the trusted set',
      () => ({ ...chain.headerAt(12), delta: powerDelta(chain.setAt(5), chain.setAt(13)) }),
      'light_gap',
    ],
    ['a delta that gives another root', () => ({ ...step, delta: powerDelta(chain.setAt(5), chain.setAt(13)) }), 'light_invalid'],
    ['no delta where the set changes', () => ({ ...step, delta: powerDelta(chain.setAt(5), chain.setAt(5)) }), 'light_invalid'],
    ['a delta of a member that is not there', () => ({ ...step, delta: { ...step.delta, removed: [sha256(utf8('x'))] } }), 'light_invalid'],
    [
      'a delta that names a member twice',
      () => ({ ...step, delta: { ...step.delta, removed: [...step.delta.removed, ...step.delta.removed] } }),
      'light_invalid',
    ],
    [
      'a delta of a member that is there already',
      () => ({ ...step, delta: { ...step.delta, added: [...step.delta.added, chain.setAt(5)[0] as Validator] } }),
      'light_invalid',
    ],
    [
      'power of zero',
      () => ({ ...step, delta: { ...step.delta, added: step.delta.added.map((v) => ({ ...v, power: 0 })) } }),
      'light_invalid',
    ],
    [
      'a bit field longer than the set',
      () => ({ ...step, certificate: { ...step.certificate, signers: Uint8Array.of(...step.certificate.signers, 0) } }),
      'chain_invalid',
    ],
    ['a bit beyond the set', () => ({ ...step, certificate: { ...step.certificate, signers: Uint8Array.of(0x1f) } }), 'chain_invalid'],
    ['no signers', () => ({ ...step, certificate: { ...step.certificate, signers: Uint8Array.of(0) } }), 'chain_invalid'],
    [
      'two thirds of the power or less',
      () => ({ ...step, certificate: certifyBy(chain.chainId, step.header, chain.membersAt(8), (i) => i < 2) }),
      'chain_invalid',
    ],
    [
      'a signer more in the bit field than in the signature',
      () => ({
        ...step,
        certificate: { ...certifyBy(chain.chainId, step.header, chain.membersAt(8), (i) => i < 3), signers: Uint8Array.of(15) },
      }),
      'chain_invalid',
    ],
    [
      'a signature at infinity',
      () => ({ ...step, certificate: { ...step.certificate, signature: Uint8Array.of(0xc0, ...new Uint8Array(95)) } }),
      'chain_invalid',
    ],
    ['an unknown protocol', () => ({ ...step, header: { ...step.header, protocol: 99 } }), 'light_invalid'],
    [
      'a proposer that does not own the unit',
      () => ({ ...step, header: { ...step.header, kappa: (step.header.kappa + 1) % 4 } }),
      'light_invalid',
    ],
    ['a unit beyond the line', () => ({ ...step, header: { ...step.header, kappa: 4 } }), 'light_invalid'],
    [
      'a header no later than the trusted one',
      () => ({ ...step, header: { ...step.header, time: chain.headerAt(4).header.time } }),
      'light_invalid',
    ],
  ])('%s', (_what, made, code) => {
    const client = second()
    const before = client.trusted
    expect(codeOf(() => client.follow(made(), now))).toBe(code)
    expect(client.trusted).toBe(before)
    expect(client.conflicts).toEqual([])
  })

  test('a stale power table: the set of an epoch gone by certifies a block of this one', () => {
    const client = fresh()
    followTo(client, chain, 2)
    const { header } = chain.headerAt(10)
    const stale = certifyBy(chain.chainId, header, chain.membersAt(6))
    expect(codeOf(() => client.accept(header, stale, now))).toBe('chain_invalid')
    const own = { ...header, power: powerRoot(chain.setAt(6)) }
    expect(codeOf(() => client.accept(own, certifyBy(chain.chainId, own, chain.membersAt(6)), now))).toBe('light_invalid')
    expect(codeOf(() => client.accept(header, chain.headerAt(10).certificate, now))).toBe('nothing')
  })

  test('a block of the future, by one millisecond more than clocks may differ (W-CLK-1)', () => {
    const client = second()
    expect(codeOf(() => client.follow(step, step.header.time - 3_001))).toBe('light_future')
    expect(codeOf(() => client.follow(step, step.header.time - 3_000))).toBe('nothing')
    const { header, certificate } = chain.headerAt(9)
    expect(codeOf(() => client.accept(header, certificate, header.time - 3_001))).toBe('light_future')
  })

  test('a point older than the trusting period, by one millisecond: keys of long ago may have been sold', () => {
    const short = lightTestChain({ epochs: TURNING, trustingBlocks: 12 })
    const { time } = short.genesis
    expect(codeOf(() => clientOf(short).follow(short.epochStep(0), time + 12_001))).toBe('light_expired')
    expect(codeOf(() => clientOf(short).follow(short.epochStep(0), time + 12_000))).toBe('nothing')
    expect(codeOf(() => clientOf(short, { trustingMs: 20_000 }).follow(short.epochStep(0), time + 12_001))).toBe('nothing')
    const { header, certificate } = short.headerAt(2)
    expect(codeOf(() => clientOf(short).accept(header, certificate, time + 12_001))).toBe('light_expired')
  })

  test('a long-range fork under keys that were sold: before the period is over it is a conflict, after it nothing is taken', () => {
    const short = lightTestChain({ epochs: TURNING, trustingBlocks: 12 })
    const forged = short.forkAt(4)
    const client = clientOf(short)
    followTo(client, short, 3, nowOf(short, 12))
    expect(codeOf(() => client.follow({ ...forged, delta: short.epochStep(0).delta }, short.genesis.time + 12_001))).toBe('light_expired')
    expect(client.conflicts).toEqual([])
    const late = clientOf(short)
    expect(codeOf(() => late.follow({ ...forged, delta: short.epochStep(0).delta }, nowOf(short, 100)))).toBe('light_expired')
  })

  test('a genesis whose set is none', () => {
    const { genesis } = chain
    const [a, b] = genesis.validators as [Validator, Validator]
    const of = (validators: readonly Validator[]) => () => clientOf({ ...chain, genesis: { ...genesis, validators } })
    expect(codeOf(of([]))).toBe('light_invalid')
    expect(codeOf(of([b, a]))).toBe('light_invalid')
    expect(codeOf(of([a, a]))).toBe('light_invalid')
    // one node key under two vote keys
    expect(codeOf(of([a, { ...b, key: a.key }]))).toBe('light_invalid')
    expect(codeOf(of([a, { ...b, bls: a.bls, pop: a.pop }]))).toBe('light_invalid')
    expect(codeOf(of([a, { ...b, power: 0 }]))).toBe('light_invalid')
    expect(codeOf(of([a, { ...b, power: Number.MAX_SAFE_INTEGER }]))).toBe('light_invalid')
    expect(codeOf(of([a, { ...b, pop: a.pop }]))).toBe('light_invalid')
    expect(codeOf(of(Array.from({ length: LIMITS.powerNodes + 1 }, () => a)))).toBe('light_invalid')
    expect(codeOf(of([a, b]))).toBe('nothing')
    expect(codeOf(() => clientOf({ ...chain, genesis: { ...genesis, epochBlocks: 0 } }))).toBe('light_invalid')
  })
})

describe('two final blocks of one height', () => {
  test.each(['of a step', 'of a header'] as const)('%s are kept as evidence of who signed both, and end the trust', (kind) => {
    const chain = lightTestChain({ epochs: TURNING })
    const client = clientOf(chain)
    const height = kind === 'of a step' ? 8 : 6
    followTo(client, chain, 1)
    if (kind === 'of a step') followTo(client, chain, 2)
    else client.accept(chain.headerAt(6).header, chain.headerAt(6).certificate, nowOf(chain))
    const other = chain.forkAt(height)
    const show = (): unknown =>
      kind === 'of a step'
        ? client.follow({ ...other, delta: chain.epochStep(1).delta }, nowOf(chain))
        : client.accept(other.header, other.certificate, nowOf(chain))
    expect(codeOf(show)).toBe('light_conflict')
    const [conflict] = client.conflicts
    expect(conflict).toMatchObject({ height, second: other })
    expect(conflict?.first.header).toEqual(chain.headerAt(height).header)
    if (conflict === undefined) return
    expect(signersOfBoth(conflict)).toEqual(chain.setAt(height))
    // nothing more is taken, not even what is true
    expect(codeOf(() => client.follow(chain.epochStep(2), nowOf(chain)))).toBe('light_conflict')
    expect(codeOf(() => client.accept(chain.headerAt(9).header, chain.headerAt(9).certificate, nowOf(chain)))).toBe('light_conflict')
    expect(client.conflicts.length).toBe(1)
  })

  test.each([
    ['a step', TURNING, 8],
    ['a jump', [FOUR], 6],
  ] as const)('a header that was taken, and %s to another block of its height, end the trust', (_what, epochs, height) => {
    const chain = lightTestChain({ epochs })
    const client = clientOf(chain)
    if (height === 8) followTo(client, chain, 1)
    const { height: at } = client.trusted
    client.accept(chain.headerAt(height).header, chain.headerAt(height).certificate, nowOf(chain))
    const delta = height === 8 ? chain.epochStep(1).delta : powerDelta(chain.setAt(1), chain.setAt(6))
    expect(codeOf(() => client.follow({ ...chain.forkAt(height), delta }, nowOf(chain)))).toBe('light_conflict')
    expect(client.trusted.height).toBe(at)
    expect(client.conflicts).toMatchObject([{ height, second: chain.forkAt(height), set: chain.setAt(height) }])
  })

  test('a second block that is not final is no conflict', () => {
    const chain = lightTestChain({ epochs: TURNING })
    const client = clientOf(chain)
    followTo(client, chain, 2)
    const { header } = chain.forkAt(8)
    const few = certifyBy(chain.chainId, header, chain.membersAt(8), (i) => i < 2)
    expect(codeOf(() => client.follow({ header, certificate: few, delta: chain.epochStep(1).delta }, nowOf(chain)))).toBe('chain_invalid')
    expect(client.conflicts).toEqual([])
  })

  test('headers that were seen are bounded, and a block that a point stands on is never forgotten', () => {
    const chain = lightTestChain({ epochs: [FOUR], trustingBlocks: 1_000_000 })
    const client = clientOf(chain, { crypto: { ...native, blsFastAggregateVerify: () => true } })
    followTo(client, chain, 1)
    const { header: base, certificate } = chain.headerAt(5)
    const show = (height: number, time = chain.genesis.time + 10_000 + height): void => {
      const header = { ...base, height, time }
      client.accept(header, { ...certificate, height, block: headerHash(header) }, nowOf(chain))
    }
    const heights = Array.from({ length: 1_500 }, (_, i) => 5 + i).filter((h) => h % 4 !== 0)
    for (const height of heights) show(height)
    // the first of them is forgotten, so another passes in its place; the point's is not
    expect(codeOf(() => show(5, chain.genesis.time + 9_000))).toBe('nothing')
    expect(codeOf(() => client.follow({ ...chain.forkAt(4), delta: chain.epochStep(0).delta }, nowOf(chain)))).toBe('light_conflict')
  })
})

describe('steps planned by a node', () => {
  const take = (chain: TestChain, height: number, from = 0): LightStep[] => {
    const client = clientOf(chain, { trustingMs: 1_000_000 })
    if (from > 0) for (const step of planSteps(chain, 0, from)) client.follow(step, nowOf(chain))
    const steps = planSteps(chain, client.trusted.height, height)
    for (const step of steps) client.follow(step, nowOf(chain))
    const { header, certificate } = chain.headerAt(height)
    client.accept(header, certificate, nowOf(chain))
    return steps
  }

  test('are none as long as the set is the same, and lead anywhere else', () => {
    const same = lightTestChain({ epochs: [FOUR] })
    expect(take(same, 3)).toEqual([])
    expect(take(same, 4)).toEqual([])
    expect(take(same, 41)).toEqual([])
    expect(take(same, 40).length).toBe(1)
    const turning = lightTestChain({ epochs: TURNING })
    for (let height = 1; height <= 30; height++) take(turning, height)
    // two thirds of the members stay for one epoch, half for two: a jump over one, then over the next
    expect(take(turning, 18).length).toBeLessThan(4)
    const strangers = lightTestChain({ epochs: [{ a: 1 }, { b: 1 }, { c: 1 }, { d: 1 }] })
    expect(take(strangers, 14).length).toBe(3)
    const single = lightTestChain({ epochs: TURNING, epochBlocks: 1 })
    expect(take(single, 6).length).toBe(5)
  })

  test('lead to every height of every chain, and from any of them on', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const members = fc
      .record(Object.fromEntries(names.map((name) => [name, fc.nat(3)])))
      .map((m) => Object.fromEntries(Object.entries(m).filter(([, power]) => power > 0)))
      .filter((m) => Object.keys(m).length > 0)
    const lead = (): void =>
      fc.assert(
        fc.property(
          fc.array(members, { minLength: 1, maxLength: 6 }),
          fc.integer({ min: 1, max: 5 }),
          fc.integer({ min: 1, max: 24 }),
          fc.integer({ min: 1, max: 24 }),
          (epochs, epochBlocks, one, other) => {
            const chain = lightTestChain({ epochs, epochBlocks, trustingBlocks: 15 })
            take(chain, Math.max(one, other), Math.min(one, other) - 1)
          },
        ),
        { numRuns: Number(process.env['LIGHT_RUNS'] ?? 10) },
      )
    expect(lead).not.toThrow()
  })
})

describe('bytes of', () => {
  test('steps and sets are read back, and nothing else is', () => {
    const chain = lightTestChain({ epochs: TURNING })
    const step = chain.epochStep(1)
    const bytes = encodeStep(step)
    expect(decodeStep(bytes)).toEqual(step)
    expect(decodePowerDelta(encodePowerDelta(step.delta))).toEqual(step.delta)
    expect(decodeSet(encodeSet(chain.setAt(1)))).toEqual(chain.setAt(1))
    for (let cut = 0; cut < bytes.length; cut += 7) expect(codeOf(() => decodeStep(bytes.subarray(0, cut)))).toBe('core_not_canonical')
    expect(trustGenesis(chain.genesis, () => true).set).toEqual(chain.setAt(1))
  })

  test('a step with any bit flipped is refused or leads nowhere else', () => {
    const chain = lightTestChain({ epochs: TURNING })
    const client = clientOf(chain)
    followTo(client, chain, 1)
    const bytes = encodeStep(chain.epochStep(1))
    for (let at = 0; at < bytes.length; at++) {
      const spoilt = Uint8Array.from(bytes, (b, i) => (i === at ? b ^ (1 << (at % 8)) : b))
      expect(
        codeOf(() => client.follow(decodeStep(spoilt), nowOf(chain))),
        `byte ${at}`,
      ).not.toBe('nothing')
    }
    expect(client.conflicts).toEqual([])
    expect(client.trusted.height).toBe(4)
  })
})
