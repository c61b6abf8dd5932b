/** The attacks on the registry: each shows that what it needs is refused, and that nothing of it counts. */
import { expect, test } from 'vitest'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import {
  chipCertificateMessage,
  chipClaimMessage,
  chipPossessionMessage,
  decodeNode,
  lastHeightOf,
  LIMITS,
  possessionMessage,
  totalPower,
  utf8,
  voteKeyMessage,
  type ChipCertificate,
} from '../../core/index.ts'
import { crypto, UNC, userOf, type TestUser, type TestValidator } from '../testing/test-kit.ts'
import { nodeKey } from './keys.ts'
import { assignOf, chipOf, claimOf, nodeOf, type Register, type TestChip } from './testing/chips.ts'
import { powerChain, type PowerChain } from './testing/power-chain.ts'

crypto.useNativeHashes()

const VENDOR = userOf(90)
const VENDORS = [{ name: 'maker', key: VENDOR.key }]
const [ANN, BOB, EVE] = [userOf(2), userOf(3), userOf(4)]
const nodeAt = (t: PowerChain, i: number): TestValidator => t.nodes[i] as TestValidator

/** A chain with nodes 0 (founding) to 3, all registered. */
async function registered(over: Parameters<typeof powerChain>[1] = {}): Promise<PowerChain> {
  const t = await powerChain([9, 0, 0, 0], { vendors: VENDORS, ...over })
  const done = await t.block(...[1, 2, 3].map((i) => [nodeAt(t, i), { kind: 'node', action: nodeOf(nodeAt(t, i), t.chainId) }] as const))
  expect(done).toEqual(['ok', 'ok', 'ok'])
  return t
}

/** Another certificate of a chip, signed again by the vendor (or by the chip itself). */
function certified(chip: TestChip, change: Partial<ChipCertificate>, vendor: TestUser | null = VENDOR): TestChip {
  const body = { ...chip.certificate, ...change }
  const message = chipCertificateMessage(body)
  const sig = vendor === null ? chip.sign(message) : crypto.signEd25519(message, vendor.secret)
  return { ...chip, serial: body.serial, bls: body.bls, certificate: { ...body, vendor: vendor?.key ?? null, sig } }
}

test('rogue key: the key that would cancel another is refused without its secret, for a chip and for a node', async () => {
  const t = await registered()
  const victim = chipOf('victim', { vendor: VENDOR })
  const mine = crypto.blsKeygen(new Uint8Array(32).fill(77))
  const { Point } = bls12_381.G1
  // x * G - victim: together with the victim's key it is a key that the attacker alone signs for
  const rogue = Point.fromBytes(crypto.blsPublicKey(mine)).subtract(Point.fromBytes(victim.bls)).toBytes()
  const message = utf8('m')
  expect(crypto.blsFastAggregateVerify(crypto.blsSign(message, mine), message, [victim.bls, rogue])).toBe(true)
  const chip = certified(chipOf('rogue', { vendor: VENDOR }), { bls: rogue })
  const claim = {
    ...claimOf(chip, t.chainId, EVE.address),
    pop: crypto.blsSign(chipPossessionMessage(t.chainId, chip.serial, rogue), mine),
  }
  expect(await t.chip(EVE, claim)).toBe('the proof of possession of the BLS key is not valid')
  const bind = crypto.blsSign(voteKeyMessage(t.chainId, EVE.key, rogue), mine)
  const pop = crypto.blsSign(possessionMessage(rogue), mine)
  expect(await t.node(EVE, { op: 'register', bls: rogue, pop, bind, owner: EVE.address })).toMatch(/proof of possession/)
})

test('P-VAL-1 U2.4-POCI-2 U7.4-SEC-1 Sybil: a registration without a certificate, or with another than the one that was signed, is refused', async () => {
  const t = await registered()
  const chip = chipOf('sybil', { vendor: VENDOR })
  const whole = claimOf(chip, t.chainId, EVE.address)
  const stranger = userOf(99)
  const bad = (c: TestChip): Register => claimOf(c, t.chainId, EVE.address)
  const cases: readonly (readonly [Register, RegExp])[] = [
    [bad(certified(chip, {}, stranger)), /vendor that the chain does not know/],
    [bad({ ...chip, certificate: { ...chip.certificate, sig: crypto.signEd25519(utf8('x'), VENDOR.secret) } }), /vendor did not sign/],
    [bad({ ...chip, certificate: { ...chip.certificate, level: 2 } }), /vendor did not sign/],
    [bad({ ...chip, certificate: { ...chip.certificate, vendor: null } }), /needs the certificate of a vendor/],
    [bad(certified(chip, { level: 0 }, null)), /follows from its identity key/],
    [{ ...whole, certificate: { ...whole.certificate, identity: chipOf('other', { vendor: VENDOR }).identity } }, /vendor did not sign/],
    [{ ...whole, certificate: { ...whole.certificate, serial: new Uint8Array(16) } }, /vendor did not sign/],
    [bad(certified(chipOf('soft'), { sig: new Uint8Array(64) }, stranger)), /does not know/],
    [{ ...bad(chipOf('soft')), certificate: { ...chipOf('soft').certificate, sig: new Uint8Array(64) } }, /did not sign its certificate/],
    [{ ...whole, claim: new Uint8Array(64) }, /sender claims it/],
    [{ ...whole, claim: chip.sign(chipClaimMessage(t.chainId, chip.serial, chip.bls, ANN.address)) }, /sender claims it/],
    [{ ...whole, pop: new Uint8Array(96) }, /proof of possession/],
    [{ ...whole, pop: crypto.blsSign(possessionMessage(chip.bls), chip.blsSecret) }, /proof of possession/],
  ]
  for (const [claim, why] of cases) expect(await t.chip(EVE, claim)).toMatch(why)
  expect(await t.chip(EVE, whole)).toBe('ok')
})

test('nobody else can show what a chip or a node signed as its own', async () => {
  const t = await registered()
  const chip = chipOf('front', { vendor: VENDOR })
  const claim = claimOf(chip, t.chainId, ANN.address)
  expect(await t.chip(EVE, claim)).toMatch(/sender claims it/)
  // a copied BLS key with its proof, under a chip of one's own
  const copy = certified(chipOf('copy'), { bls: chip.bls }, null)
  expect(await t.chip(EVE, { ...claimOf(copy, t.chainId, EVE.address), pop: claim.pop })).toMatch(/proof of possession/)
  expect(await t.chip(ANN, claim)).toBe('ok')
  const before = (await powerChain([9, 0], { vendors: VENDORS })) as PowerChain
  const action = nodeOf(nodeAt(before, 1), before.chainId)
  expect(await before.node(EVE, action)).toBe('the vote key is not bound to the node key')
  expect(await before.node(nodeAt(before, 1), nodeOf(nodeAt(before, 1), t.chainId))).toMatch(/not bound/)
  expect(await before.node(nodeAt(before, 1), action)).toBe('ok')
  expect(await before.chip(ANN, claim)).toMatch(/sender claims it/)
})

test('serial twice, identity key twice, BLS key twice: the first counts, also after the chip was retired', async () => {
  const t = await registered()
  const [first, second] = [chipOf('first', { vendor: VENDOR }), chipOf('second', { vendor: VENDOR })]
  expect(await t.chip(ANN, claimOf(first, t.chainId, ANN.address))).toBe('ok')
  const again = async (change: Partial<ChipCertificate>, from: TestChip): Promise<string> => {
    const chip = certified(from, change)
    return t.chip(EVE, claimOf(chip, t.chainId, EVE.address))
  }
  for (const retired of [false, true]) {
    if (retired) expect(await t.chip(ANN, { op: 'retire', serial: first.serial })).toBe('ok')
    expect(await t.chip(EVE, claimOf(first, t.chainId, EVE.address))).toMatch(/of this serial/)
    expect(await again({ serial: first.serial }, second)).toMatch(/of this serial/)
    expect(await again({ serial: second.serial }, first)).toMatch(/with this identity key/)
    expect(await again({ bls: first.bls }, second)).toMatch(/with this BLS key/)
  }
  const node = nodeAt(t, 1)
  const other = userOf(50)
  expect(await t.block([ANN, { kind: 'transfer', to: other.address, value: UNC }])).toEqual(['ok'])
  const { bls, pop } = node.validator
  const bind = node.voter.sign(voteKeyMessage(t.chainId, other.key, bls))
  expect(await t.node(other, { op: 'register', bls, pop, bind, owner: other.address })).toMatch(/this vote key/)
})

test('a chip under two nodes counts once, and only where the node consented', async () => {
  const t = await registered({ trustingBlocks: 100 })
  const chip = chipOf('one', { vendor: VENDOR })
  const { serial } = chip
  await t.chip(ANN, claimOf(chip, t.chainId, ANN.address))
  const consent = (node: number, moves: number, controller = ANN.address) => assignOf(chip, t.chainId, moves, nodeAt(t, node), controller)
  expect(await t.chip(ANN, { ...consent(1, 0), node: nodeAt(t, 2).key } as typeof chip & ReturnType<typeof consent>)).toMatch(
    /did not consent/,
  )
  expect(await t.chip(EVE, consent(1, 0, EVE.address))).toMatch(/another owner/)
  expect(await t.chip(ANN, assignOf(chip, t.chainId, 0, userOf(98), ANN.address))).toMatch(/not registered/)
  expect(await t.chip(ANN, consent(1, 0))).toBe('ok')
  expect(await t.chip(ANN, consent(1, 1))).toMatch(/already/)
  // an old consent does not bring it back
  expect(await t.chip(ANN, consent(2, 0))).toMatch(/did not consent/)
  expect(await t.chip(ANN, consent(2, 1))).toBe('ok')
  expect(await t.chip(ANN, consent(1, 0))).toMatch(/did not consent/)
  await t.toHeight(28)
  for (let h = 1; h <= 28; h++) expect(t.powers(h).reduce((a, b) => a + b, 0) - 9).toBeLessThanOrEqual(1)
  expect(t.powers(28)).toEqual([9, 0, 1, 0])
  expect(t.chain.catSeats(nodeAt(t, 1).key, 28).count).toBe(0)
  expect(t.chain.catSeats(nodeAt(t, 2).key, 28).seat(0).serial).toEqual(serial)
})

test('a rented chip counts once, for the lessee; it cannot be rented twice, sold or called back, and not past its end', async () => {
  const t = await registered({ trustingBlocks: 100 })
  const chip = chipOf('rented', { vendor: VENDOR })
  const { serial } = chip
  await t.chip(ANN, claimOf(chip, t.chainId, ANN.address))
  let moves = 0
  const to = (node: number, who: TestUser) => t.chip(who, assignOf(chip, t.chainId, moves, nodeAt(t, node), who.address))
  expect(await to(1, ANN)).toBe('ok')
  await t.toHeight(4)
  // height 5, epoch 1: let up to height 27, the last but one of epoch 6
  const untilHeight = 27
  expect(await t.chip(ANN, { op: 'lease', serial, lessee: BOB.address, untilHeight: 5 })).toMatch(/would be over/)
  expect(await t.chip(BOB, { op: 'lease', serial, lessee: BOB.address, untilHeight })).toMatch(/another owner/)
  expect(await t.chip(ANN, { op: 'lease', serial, lessee: BOB.address, untilHeight })).toBe('ok')
  moves = 3
  for (const action of [
    { op: 'lease', serial, lessee: EVE.address, untilHeight },
    { op: 'transfer', serial, to: EVE.address },
    { op: 'offer', serial, price: 1n, to: null },
    { op: 'retire', serial },
  ] as const)
    expect(await t.chip(ANN, action)).toBe('the chip is let')
  expect(await t.chip(ANN, { op: 'endLease', serial })).toMatch(/no lease/)
  expect(await to(1, ANN)).toMatch(/let to another/)
  expect(await t.chip(BOB, { op: 'lease', serial, lessee: EVE.address, untilHeight })).toMatch(/another owner/)
  expect(t.chain.head().header.height).toBe(14)
  expect(await to(2, BOB)).toBe('ok')
  expect(await t.chip(BOB, { op: 'buy', serial, price: 0n })).toMatch(/not offered/)
  await t.toHeight(untilHeight - 1)
  expect(await to(3, BOB)).toMatch(/ends before/)
  // once more after its end
  expect(await t.chip(BOB, { op: 'endLease', serial })).toMatch(/no lease/)
  expect(await to(2, BOB)).toMatch(/another owner/)
  const record = t.chipAt(serial)
  expect([record.node, record.lease?.untilHeight]).toEqual([null, untilHeight])
  moves = record.moves
  expect(await to(3, ANN)).toBe('ok')
  await t.toHeight(44)
  const line = Array.from({ length: 44 }, (_, h) => t.powers(h + 1).slice(1))
  for (const powers of line) expect(powers.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(1)
  // the owner's node until the lease took it, the lessee's in the epochs that the lease covers to their last height
  const first = (node: number) => line.findIndex((p) => p[node - 1] === 1) + 1
  const last = (node: number) => line.findLastIndex((p) => p[node - 1] === 1) + 1
  expect([first(1), last(1)]).toEqual([9, 12])
  expect([first(2), last(2)]).toEqual([21, 24])
  expect(last(2)).toBeLessThanOrEqual(untilHeight)
  expect([first(3), last(3)]).toEqual([37, 44])
})

test('a lessee gives a chip back before its time: it counts for nobody twice, and its end is forgotten', async () => {
  const t = await registered({ trustingBlocks: 100 })
  const chip = chipOf('back', { vendor: VENDOR })
  const { serial } = chip
  await t.chip(ANN, claimOf(chip, t.chainId, ANN.address))
  expect(await t.chip(ANN, { op: 'lease', serial, lessee: BOB.address, untilHeight: 40 })).toBe('ok')
  expect(await t.chip(BOB, assignOf(chip, t.chainId, 1, nodeAt(t, 1), BOB.address))).toBe('ok')
  expect(await t.chip(BOB, { op: 'endLease', serial })).toBe('ok')
  expect(await t.chip(ANN, assignOf(chip, t.chainId, 4, nodeAt(t, 2), ANN.address))).toBe('ok')
  await t.toHeight(45)
  // let and seated in epoch 0, given back and seated elsewhere in epoch 1
  expect([8, 9, 12, 13, 17, 33, 45].map((h) => t.powers(h).slice(1, 3))).toEqual([
    [0, 0],
    [1, 0],
    [1, 0],
    [0, 1],
    [0, 1],
    [0, 1],
    [0, 1],
  ])
})

test('leases that end in one epoch: at the limit, and one over', async () => {
  const { noteLease, forgetLease } = await import('./leases.ts')
  const { WorkingState } = await import('../state/index.ts')
  const state = new WorkingState({ get: () => undefined })
  const serial = (n: number) => Uint8Array.of(n >> 8, n & 255, ...new Uint8Array(14))
  for (let n = 0; n < LIMITS.leasesPerEpoch; n++) expect(noteLease(state, serial(n), 400, 1, 4)).toBe(true)
  expect(noteLease(state, serial(9_999), 400, 1, 4)).toBe(false)
  expect(noteLease(state, serial(9_999), 404, 1, 4)).toBe(true)
  forgetLease(state, serial(3), 400, 4)
  expect(noteLease(state, serial(9_999), 400, 1, 4)).toBe(true)
})

test('level 0 above its share: bonds without end buy a tenth of the power and no more', async () => {
  const t = await registered({ level0Share: 100, bondPrice: 1n })
  const node = nodeAt(t, 1)
  const soft = Array.from({ length: 6 }, (_, i) => chipOf(`soft ${i}`))
  const hard = Array.from({ length: 9 }, (_, i) => chipOf(`hard ${i}`, { vendor: VENDOR }))
  const claims = [...soft, ...hard].map((c) => [ANN, { kind: 'chip', action: claimOf(c, t.chainId, ANN.address) }] as const)
  expect(new Set(await t.block(...claims.slice(0, 7)))).toEqual(new Set(['ok']))
  expect(new Set(await t.block(...claims.slice(7)))).toEqual(new Set(['ok']))
  const assign = (c: TestChip, n: number) => [ANN, { kind: 'chip', action: assignOf(c, t.chainId, 0, nodeAt(t, n), ANN.address) }] as const
  const done = await t.block(...soft.map((c) => assign(c, 1)), [node, { kind: 'node', action: { op: 'bond', amount: UNC } }])
  expect(new Set(done)).toEqual(new Set(['ok']))
  expect(new Set(await t.block(...hard.map((c) => assign(c, 2))))).toEqual(new Set(['ok']))
  await t.toHeight(13)
  // 18 units of the others: a tenth of 20 is 2
  expect(t.powers(13)).toEqual([9, 2, 9, 0])
  expect(totalPower(t.chain.setAt(13))).toBe(20)
})

test('Sybil: nodes without power fill no places: not by chips without a bond, by bonds without chips, nor by a chip that is moved from node to node', async () => {
  const t = await powerChain([10, 0, 0], { bondPrice: UNC })
  const [, one, two] = t.nodes as [TestValidator, TestValidator, TestValidator]
  const places = (): boolean[] =>
    t.nodes.map((v) => decodeNode(t.chain.prove('offchain', nodeKey(v.key)).value as Uint8Array).place !== null)
  for (const node of [one, two]) await t.node(node, nodeOf(node, t.chainId))
  const soft = chipOf('cheap')
  await t.chip(ANN, claimOf(soft, t.chainId, ANN.address))
  expect(await t.chip(ANN, assignOf(soft, t.chainId, 0, one, ANN.address))).toBe('ok')
  expect(places()).toEqual([true, false, false])
  await t.endEpoch()
  expect(await t.node(two, { op: 'bond', amount: 3n * UNC })).toBe('ok')
  expect(places()).toEqual([true, false, false])
  // both together are power; what of it is given up before it counts keeps no place
  expect(await t.chip(ANN, assignOf(soft, t.chainId, 1, two, ANN.address))).toBe('ok')
  expect(places()).toEqual([true, false, true])
  expect(await t.chip(ANN, { op: 'assign', serial: soft.serial, node: null, consent: null })).toBe('ok')
  expect(places()).toEqual([true, false, false])
  // a bond makes power of the chip that sits there already
  expect(await t.chip(ANN, assignOf(soft, t.chainId, t.chipAt(soft.serial).moves, one, ANN.address))).toBe('ok')
  expect(await t.node(one, { op: 'bond', amount: UNC })).toBe('ok')
  expect(places()).toEqual([true, true, false])
  await t.toHeight(t.chain.head().header.height + 12)
  expect(t.powers(t.chain.head().header.height)).toEqual([10, 1, 0])
})

test('stale power table: votes, blocks and evidence of a height count under the set of that height only', async () => {
  const t = await powerChain([1, 1, 1], {})
  const [, b, c] = t.nodes as readonly [TestValidator, TestValidator, TestValidator]
  await t.block(...[b, c].map((v) => [v, { kind: 'node', action: { op: 'leave' } }] as const))
  await t.toHeight(8)
  expect(t.powers(9)).toEqual([1, 0, 0])
  const height = lastHeightOf(1, 4) + 1
  const { executed } = t.chain.buildBlock({ timeMs: 0, round: 0, proposer: nodeAt(t, 0).proposer })
  expect(executed.block.header.height).toBe(height)
  // two thirds of the old table are nobody in the new one
  await expect(t.chain.certify(executed, [b.voter, c.voter])).rejects.toThrow(/not in the validator set/)
  expect(() => t.chain.buildBlock({ timeMs: 0, round: 0, proposer: b.proposer })).toThrow(/another validator/)
  const stale = { ...executed.block, header: { ...executed.block.header, power: t.chain.headerAt(4).header.power } }
  expect(() => t.chain.executeBlock(stale)).toThrow(/header power/)
  await t.chain.commitBlock(executed, await t.chain.certify(executed, [nodeAt(t, 0).voter]))
})

test('key re-registration after the seed is seen changes nothing of the epoch that it would be for', async () => {
  const t = await registered()
  const chips = Array.from({ length: 3 }, (_, i) => chipOf(`grind ${i}`, { vendor: VENDOR }))
  await t.block(...chips.map((c) => [EVE, { kind: 'chip', action: claimOf(c, t.chainId, EVE.address) }] as const))
  await t.toHeight(7)
  // the last block of epoch 1: its seed begins epoch 2, and all of epochs 1 and 2 is fixed
  const before = [t.chain.setAt(8)]
  await t.block(...chips.map((c) => [EVE, { kind: 'chip', action: assignOf(c, t.chainId, 0, nodeAt(t, 1), EVE.address) }] as const))
  expect(t.chain.setAt(9)).toBe(before[0])
  await t.toHeight(12)
  expect(t.chain.setAt(12)).toBe(before[0])
  expect(t.powers(13)).toEqual([9, 3, 0, 0])
})
