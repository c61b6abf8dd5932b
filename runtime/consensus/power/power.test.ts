import { expect, test } from 'vitest'
import {
  applyPowerDelta,
  decodePowerRecord,
  endsEpoch,
  epochOf,
  lastHeightOf,
  LIMITS,
  NO_KEYS,
  powerRoot,
  totalPower,
  verifyTrieProof,
  vendorMessage,
  type Validator,
} from '../../core/index.ts'
import { checkCertificate } from '../../crypto/native.ts'
import { voteEvidence } from '../messages/evidence.ts'
import { bftCrypto, encodeEvidence } from '../messages/index.ts'
import { crypto, testGenesis, UNC, userOf, validatorOf, type TestValidator } from '../testing/test-kit.ts'
import { drawCommittee, SAMPLED_FROM } from './committee.ts'
import { checkGenesis } from '../chain/genesis.ts'
import { recordKey } from '../state/index.ts'
import { assignOf, chipOf, claimOf, nodeOf } from './testing/chips.ts'
import { powerChain, type PowerChain } from './testing/power-chain.ts'

crypto.useNativeHashes()

const VENDOR = userOf(90)
const VENDORS = [{ name: 'maker', key: VENDOR.key }]
const [ANN, BOB] = [userOf(2), userOf(3)]
const [FIRST, SECOND] = [0, 1]

const nodeAt = (t: PowerChain, i: number): TestValidator => t.nodes[i] as TestValidator

/** Claims chips for a user and has them work for a node, in one block each. */
async function seat(t: PowerChain, user: typeof ANN, node: number, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const chip = chipOf(name, { vendor: VENDOR })
    expect(await t.chip(user, claimOf(chip, t.chainId, user.address))).toBe('ok')
    expect(await t.chip(user, assignOf(chip, t.chainId, 0, nodeAt(t, node), user.address))).toBe('ok')
  }
}

test('epochs end at their multiples, and block 0 stands before them', () => {
  expect([0, 1, 4, 5, 8, 9].map((h) => epochOf(h, 4))).toEqual([0, 0, 0, 1, 1, 2])
  expect([0, 1, 3, 4, 5, 8].map((h) => endsEpoch(h, 4))).toEqual([false, false, false, true, false, true])
  for (let h = 1; h < 30; h++) expect(endsEpoch(h, 4)).toBe(lastHeightOf(epochOf(h, 4), 4) === h)
})

test('U2.5-PWR-1 U2.4-POCI-6 a chip counts from the second epoch after it came, one unit, at the right height', async () => {
  const t = await powerChain([3, 0], { vendors: VENDORS })
  expect(await t.node(nodeAt(t, SECOND), nodeOf(nodeAt(t, SECOND), t.chainId))).toBe('ok')
  await seat(t, ANN, SECOND, ['one'])
  expect(t.chain.head().header.height).toBe(3)
  await t.toHeight(9)
  // epoch 0 is heights 1 to 4: it counts from epoch 2, height 9
  expect([1, 4, 5, 8, 9].map((h) => t.powers(h))).toEqual([
    [3, 0],
    [3, 0],
    [3, 0],
    [3, 0],
    [3, 1],
  ])
  expect(() => t.chain.setAt(13)).toThrow(/has no set yet/)
  // the header of the last block of an epoch commits to the set of the next, all others to their own
  for (let h = 0; h < 9; h++) expect(t.chain.headerAt(h).header.power).toEqual(powerRoot(t.chain.setAt(h + 1)))
  expect(t.chain.account(nodeAt(t, SECOND).address).node).toEqual({ key: nodeAt(t, SECOND).key, role: 'validator' })
})

test('who follows the epochs from the genesis finds each set, under the certificate of the one before', async () => {
  const t = await powerChain([3, 0, 2], { vendors: VENDORS })
  await t.node(nodeAt(t, SECOND), nodeOf(nodeAt(t, SECOND), t.chainId))
  await seat(t, ANN, SECOND, ['a', 'b'])
  await t.node(nodeAt(t, 2), { op: 'leave' })
  await t.toHeight(17)
  let set: readonly Validator[] = t.chain.genesis.validators
  for (let epoch = 0; epoch < 4; epoch++) {
    const { header, certificate, delta } = t.chain.epochStep(epoch)
    expect(header.height).toBe(lastHeightOf(epoch, 4))
    const of = { chainId: t.chainId, height: header.height, round: header.round, blockHash: t.chain.headerAt(header.height).hash }
    checkCertificate(of, certificate, set, crypto.blsFastAggregateVerify)
    set = applyPowerDelta(set, delta)
    expect(powerRoot(set)).toEqual(header.power)
    expect(set).toEqual(t.chain.setAt(header.height + 1))
  }
  expect(t.powers(17)).toEqual([3, 2, 0])
  expect(() => t.chain.epochStep(4)).toThrow(/no block at height 20/)
})

test('a set survives a restart at any height, and goes on as without one', async () => {
  const straight = await powerChain([3, 0, 1], { vendors: VENDORS })
  let broken = await powerChain([3, 0, 1], { vendors: VENDORS })
  const run = async (t: PowerChain, height: number): Promise<void> => {
    if (height === 1) await t.node(nodeAt(t, SECOND), nodeOf(nodeAt(t, SECOND), t.chainId))
    else if (height === 2) {
      const chip = chipOf('x', { vendor: VENDOR })
      const assign = assignOf(chip, t.chainId, 0, nodeAt(t, SECOND), ANN.address)
      await t.block([ANN, { kind: 'chip', action: claimOf(chip, t.chainId, ANN.address) }], [ANN, { kind: 'chip', action: assign }])
    } else if (height === 6) await t.node(nodeAt(t, 2), { op: 'leave' })
    else await t.block()
  }
  for (let height = 1; height <= 18; height++) {
    await run(straight, height)
    await run(broken, height)
    broken = await broken.reopened()
    expect(broken.chain.head().hash).toEqual(straight.chain.head().hash)
  }
  for (let h = 1; h <= 19; h++) expect(broken.powers(h)).toEqual(straight.powers(h))
  expect(straight.powers(19)).toEqual([3, 1, 0])
  expect(broken.chain.epochStep(1)).toEqual(straight.chain.epochStep(1))
})

test('U2.5-AGG-1 the seats of a node at a height are those that were there when its power was fixed', async () => {
  const t = await powerChain([3, 0], { vendors: VENDORS })
  const node = nodeAt(t, SECOND)
  await t.node(node, nodeOf(node, t.chainId))
  const chips = ['a', 'b', 'c'].map((name) => chipOf(name, { vendor: VENDOR }))
  const [a, b, c] = chips as [(typeof chips)[0], (typeof chips)[0], (typeof chips)[0]]
  const act = (action: Parameters<PowerChain['chip']>[1]) => [ANN, { kind: 'chip', action }] as const
  const seatsAt = (height: number) => {
    const seats = t.chain.catSeats(node.key, height)
    return Array.from({ length: seats.count }, (_, i) => chips.findIndex((x) => x.serial.join() === seats.seat(i).serial.join()))
  }
  const sum = (...of: readonly (typeof a)[]) => of.reduce((n, x) => crypto.blsChangeKeySum(n, x.bls, 'add'), NO_KEYS)
  // height 2, epoch 0: all three sit
  const sit = chips.map((x) => act(assignOf(x, t.chainId, 0, node, ANN.address)))
  expect(await t.block(...chips.map((x) => act(claimOf(x, t.chainId, ANN.address))), ...sit)).toEqual(Array(6).fill('ok'))
  await t.toHeight(5)
  // height 6, epoch 1: the first leaves, the last takes its seat
  expect(await t.chip(ANN, { op: 'assign', serial: a.serial, node: null, consent: null })).toBe('ok')
  expect([seatsAt(8), seatsAt(9), seatsAt(13)]).toEqual([[], [0, 1, 2], [2, 1]])
  await t.toHeight(9)
  // height 10, epoch 2: another leaves, which counts in epoch 4
  expect(await t.chip(ANN, { op: 'retire', serial: c.serial })).toBe('ok')
  expect([seatsAt(9), seatsAt(12), seatsAt(13), seatsAt(16), seatsAt(17)]).toEqual([[0, 1, 2], [0, 1, 2], [2, 1], [2, 1], [1]])
  await t.toHeight(13)
  expect([seatsAt(12), seatsAt(13), seatsAt(17)]).toEqual([[0, 1, 2], [2, 1], [1]])
  expect(t.chain.catSeats(node.key, 12).aggregate).toEqual(sum(a, b, c))
  expect(t.chain.catSeats(node.key, 13).aggregate).toEqual(sum(c, b))
  expect(t.chain.catSeats(node.key, 17).aggregate).toEqual(b.bls)
  expect(t.chain.catSeats(nodeAt(t, FIRST).key, 13)).toMatchObject({ count: 0, aggregate: NO_KEYS })
  expect(t.chain.catSeats(userOf(9).key, 13).count).toBe(0)
  expect(t.chain.catSeats(node.key, 13).seat(0)).toMatchObject({ serial: c.serial, identity: c.identity, retired: true })
  expect(() => t.chain.catSeats(node.key, 13).seat(2)).toThrow(/seat 2 of 2/)
  expect(() => t.chain.catSeats(node.key, 25)).toThrow(/no block/)
  expect(() => t.chain.catSeats(node.key, 8)).toThrow(/no longer kept/)
})

test('a bond pays for chips of level 0; what is given up counts no more, and is paid out after the trusting period', async () => {
  const t = await powerChain([10, 0], { bondPrice: 5n * UNC })
  const node = nodeAt(t, SECOND)
  await t.node(node, nodeOf(node, t.chainId))
  const soft = ['s1', 's2', 's3'].map((name) => chipOf(name))
  for (const chip of soft) {
    expect(await t.chip(ANN, claimOf(chip, t.chainId, ANN.address))).toBe('ok')
    expect(await t.chip(ANN, assignOf(chip, t.chainId, 0, node, ANN.address))).toBe('ok')
  }
  const before = t.chain.account(node.address).balance
  expect(await t.node(node, { op: 'bond', amount: 14n * UNC })).toBe('ok')
  const account = t.chain.account(node.address)
  expect(account.bond).toBe(14n * UNC)
  expect(before - account.balance).toBeGreaterThanOrEqual(14n * UNC)
  await t.toHeight(16)
  expect(t.powers(17)).toEqual([10, 2])
  expect(await t.node(node, { op: 'unbond', amount: 15n * UNC })).toMatch(/the bond is/)
  expect(await t.node(node, { op: 'unbond', amount: 0n })).toMatch(/nothing/)
  expect(await t.node(node, { op: 'unbond', amount: 6n * UNC })).toBe('ok')
  const given = t.chain.head().header.height
  expect(t.chain.account(node.address).bond).toBe(8n * UNC)
  await t.toHeight(28)
  expect(t.powers(28)).toEqual([10, 1])
  // as long as evidence is taken of the last height that it counted at
  const counted = lastHeightOf(epochOf(given, 4) + 1, 4)
  expect([counted, counted + 1].map((h) => t.powers(h))).toEqual([
    [10, 2],
    [10, 1],
  ])
  expect(await t.node(node, { op: 'withdraw' })).toBe(`nothing can be withdrawn before height ${counted + 20}`)
  await t.toHeight(counted + 19)
  const waiting = t.chain.account(node.address).balance
  expect(await t.node(node, { op: 'withdraw' })).toBe('ok')
  expect(t.chain.account(node.address).balance - waiting).toBeGreaterThan(5n * UNC)
  expect(await t.node(node, { op: 'withdraw' })).toBe('nothing was unbonded')
  expect(await t.node(ANN, { op: 'bond', amount: 1n })).toMatch(/not a registered node/)
})

test('U2.7-REC-1 claims, purchases and leases are typed records; a sale pays the seller, and the chip leaves its node', async () => {
  const t = await powerChain([3, 0], { vendors: VENDORS })
  await t.node(nodeAt(t, SECOND), nodeOf(nodeAt(t, SECOND), t.chainId))
  const chip = chipOf('sold', { vendor: VENDOR, alg: 'p256' })
  const { serial } = chip
  const recordOf = (outcome: number) => {
    const { header, outcomes } = t.chain.blockAt(t.chain.head().header.height)
    const key = recordKey(outcomes[outcome]?.id as (typeof t)['chainId'])
    const { value, proof } = t.chain.prove('offchain', key)
    expect(verifyTrieProof(header.state.offchain, key, value, proof)).toBe(true)
    return decodePowerRecord(value as Uint8Array)
  }
  expect(await t.chip(ANN, claimOf(chip, t.chainId, ANN.address))).toBe('ok')
  expect(recordOf(0)).toEqual({ kind: 'claim', serial, owner: ANN.address, level: 1 })
  expect(await t.chip(ANN, assignOf(chip, t.chainId, 0, nodeAt(t, SECOND), ANN.address))).toBe('ok')
  const price = 7n * UNC
  expect(await t.chip(BOB, { op: 'buy', serial, price })).toMatch(/not offered/)
  expect(await t.chip(ANN, { op: 'offer', serial, price, to: userOf(4).address })).toBe('ok')
  expect(await t.chip(BOB, { op: 'buy', serial, price })).toMatch(/somebody else/)
  expect(await t.chip(BOB, { op: 'offer', serial, price, to: null })).toMatch(/another owner/)
  expect(await t.chip(ANN, { op: 'offer', serial, price, to: null })).toBe('ok')
  expect(await t.chip(BOB, { op: 'buy', serial, price: price - 1n })).toMatch(/not offered/)
  const [ann, burnt] = [t.chain.account(ANN.address).balance, t.chain.burnt()]
  expect(await t.chip(BOB, { op: 'buy', serial, price })).toBe('ok')
  expect(t.chain.account(ANN.address).balance - ann).toBe(price)
  expect(t.chain.burnt()).toBeGreaterThan(burnt)
  expect(recordOf(0)).toEqual({ kind: 'purchase', serial, from: ANN.address, to: BOB.address, price })
  expect(await t.chip(BOB, { op: 'buy', serial, price })).toMatch(/not offered/)
  expect(await t.chip(ANN, { op: 'transfer', serial, to: ANN.address })).toMatch(/another owner/)
  // seated in epoch 0, sold in epoch 2: it counted in epochs 2 and 3
  await t.toHeight(20)
  expect([8, 9, 16, 17].map((h) => t.powers(h)[SECOND])).toEqual([0, 1, 1, 0])
  expect(await t.chip(BOB, { op: 'transfer', serial, to: ANN.address })).toBe('ok')
  expect(recordOf(0)).toEqual({ kind: 'purchase', serial, from: BOB.address, to: ANN.address, price: 0n })
  const untilHeight = 400
  expect(await t.chip(ANN, { op: 'lease', serial, lessee: BOB.address, untilHeight })).toBe('ok')
  expect(recordOf(0)).toEqual({ kind: 'lease', serial, owner: ANN.address, lessee: BOB.address, untilHeight })
  expect(await t.chip(BOB, { op: 'endLease', serial })).toBe('ok')
  expect(recordOf(0)).toEqual({ kind: 'return', serial, owner: ANN.address, lessee: BOB.address })
  expect(await t.chip(ANN, { op: 'retire', serial })).toBe('ok')
  expect(await t.chip(ANN, { op: 'transfer', serial, to: BOB.address })).toMatch(/retired/)
})

test('a slashed key has no power from the next epoch on, its bond is burnt with what was given up, and it never comes back', async () => {
  const t = await powerChain([9, 0, 2], { bondPrice: UNC })
  const node = nodeAt(t, SECOND)
  await t.node(node, nodeOf(node, t.chainId))
  const chip = chipOf('soft')
  await t.chip(ANN, claimOf(chip, t.chainId, ANN.address))
  await t.block(
    [ANN, { kind: 'chip', action: assignOf(chip, t.chainId, 0, node, ANN.address) }],
    [node, { kind: 'node', action: { op: 'bond', amount: 5n * UNC } }],
  )
  await t.toHeight(9)
  expect(t.powers(9)).toEqual([9, 1, 2])
  await t.node(node, { op: 'unbond', amount: 2n * UNC })
  const keys = { voter: node.voter, signNode: (m: Uint8Array) => crypto.signEd25519(m, node.secret) }
  const port = bftCrypto(t.chainId, keys, crypto)
  const voter = t.chain.setAt(9).findIndex((v) => v.key.join() === node.key.join())
  const votes = ['1', '2'].map((digit) => {
    const body = { height: 9, round: 0, phase: 'precommit', block: digit.repeat(64) } as const
    return { kind: 'vote', ...body, voter, signature: port.signVote(body) } as const
  }) as [Parameters<typeof voteEvidence>[0], Parameters<typeof voteEvidence>[1]]
  const record = encodeEvidence(voteEvidence(...votes))
  // the set of height 1 has another member at that place, or none
  const stale = encodeEvidence({ ...voteEvidence(...votes), height: 1 })
  const burnt = t.chain.burnt()
  expect(await t.block([BOB, { kind: 'evidence', record: stale }], [BOB, { kind: 'evidence', record }])).toEqual([
    'the evidence proves nothing',
    'ok',
  ])
  expect(t.chain.burnt() - burnt).toBeGreaterThanOrEqual(5n * UNC)
  expect(t.chain.account(node.address).bond).toBe(0n)
  const height = t.chain.head().header.height
  expect(epochOf(height, 4)).toBe(2)
  await t.toHeight(13)
  expect([12, 13].map((h) => t.powers(h))).toEqual([
    [9, 1, 2],
    [9, 0, 2],
  ])
  expect(await t.node(node, { op: 'withdraw' })).toBe('nothing was unbonded')
  expect(await t.node(node, { op: 'bond', amount: UNC })).toMatch(/punished/)
  expect(await t.node(node, nodeOf(node, t.chainId))).toMatch(/punished/)
  const other = chipOf('other')
  await t.chip(ANN, claimOf(other, t.chainId, ANN.address))
  expect(await t.chip(ANN, assignOf(other, t.chainId, 0, node, ANN.address))).toMatch(/punished/)
  // the chip itself is free to work elsewhere
  expect(await t.chip(ANN, { op: 'assign', serial: chip.serial, node: null, consent: null })).toBe('ok')
  // evidence of a height that the trusting period no longer covers is not taken
  await t.toHeight(29)
  expect((await t.block([BOB, { kind: 'evidence', record }]))[0]).toBe('the evidence is older than the trusting period')
})

test('a genesis that contradicts itself in who has power is refused, and its limits hold: at the limit, and one over', () => {
  const key = VENDOR.key
  const big = (power: number) => [{ ...validatorOf(1).validator, power }]
  const good = [
    {},
    { level0Share: 1_000 },
    { level0Share: 0 },
    { committeeSeats: 1_000 },
    { committeeSeats: 10_000 },
    { trustingBlocks: 1_800 },
    { vendors: VENDORS },
    { vendors: [{ name: 'x'.repeat(LIMITS.vendorNameBytes), key }] },
    { validators: big(LIMITS.foundingPower) },
  ]
  for (const over of good) expect(() => checkGenesis(testGenesis(over), crypto), JSON.stringify(Object.keys(over))).not.toThrow()
  const bad = [
    [{ level0Share: 1_001 }, /more than all/],
    [{ bondPrice: 0n }, /nothing/],
    [{ committeeSeats: 999 }, /committee/],
    [{ committeeSeats: 10_001 }, /committee/],
    [{ trustingBlocks: 1_799 }, /trusting period/],
    [{ vendors: [...VENDORS, { name: 'maker', key: ANN.key }] }, /twice/],
    [{ vendors: [...VENDORS, { name: 'other', key }] }, /twice/],
    [{ vendors: [{ name: '', key }] }, /no name/],
    [{ vendors: [{ name: 'x'.repeat(LIMITS.vendorNameBytes + 1), key }] }, /vendorNameBytes/],
    [{ vendors: [{ name: 'small order', key: new Uint8Array(32) }] }, /root key/],
    [{ validators: big(LIMITS.foundingPower + 1) }, /foundingPower/],
  ] as const
  for (const [over, why] of bad) expect(() => checkGenesis(testGenesis(over), crypto)).toThrow(why)
  const two = testGenesis({ validators: [validatorOf(1).validator, validatorOf(2).validator] })
  expect(() => checkGenesis({ ...two, validators: two.validators.toReversed() }, crypto)).toThrow(/order/)
})

test('a driver alone takes the first round that it leads, and none when it is not in the set', async () => {
  const t = await powerChain([6, 1, 1, 1])
  const own = { proposer: nodeAt(t, FIRST).proposer, voters: t.nodes.map((v) => v.voter) }
  const rounds = new Set<number>()
  for (let i = 0; i < 12; i++) {
    const timeMs = t.chain.head().header.time + 1_000
    const { header } = await t.chain.produce({ timeMs, ...own, voters: [...own.voters, validatorOf(99).voter] })
    expect(header.proposer).toEqual(nodeAt(t, FIRST).key)
    rounds.add(header.round)
  }
  expect(rounds.size).toBeGreaterThan(1)
  const stranger = validatorOf(99)
  await expect(t.chain.produce({ timeMs: 0, proposer: stranger.proposer, voters: [stranger.voter] })).rejects.toThrow(/leads no round/)
})

test('sets that no height of the trusting period has are forgotten, the steps between them stay', async () => {
  const t = await powerChain([4, 1, 1])
  await t.node(nodeAt(t, SECOND), { op: 'leave' })
  await t.toHeight(8)
  expect(t.powers(1)).toEqual([4, 1, 1])
  expect(await t.node(nodeAt(t, 2), { op: 'leave' })).toBe('ok')
  // what begins in epoch 2 covers from height 9 on; the change of epoch 4 comes with height 16, before height 9 - 1 + 20
  await t.toHeight(27)
  expect(t.powers(8)).toEqual([4, 1, 1])
  expect(await t.node(nodeAt(t, SECOND), nodeOf(nodeAt(t, SECOND), t.chainId))).toBe('ok')
  const steps = [0, 1, 2, 3].map((epoch) => t.chain.epochStep(epoch))
  await t.toHeight(40)
  const chip = chipOf('late')
  expect(await t.chip(ANN, claimOf(chip, t.chainId, ANN.address))).toBe('ok')
  await t.block(
    [ANN, { kind: 'chip', action: assignOf(chip, t.chainId, 0, nodeAt(t, SECOND), ANN.address) }],
    [nodeAt(t, SECOND), { kind: 'node', action: { op: 'bond', amount: 10_000n * UNC } }],
  )
  await t.toHeight(49)
  expect(t.powers(49)).toEqual([4, 1, 0])
  expect(() => t.chain.setAt(8)).toThrow(expect.objectContaining({ code: 'chain_pruned' }))
  const again = await t.reopened()
  expect(() => again.chain.setAt(8)).toThrow(/no longer kept/)
  expect([0, 1, 2, 3].map((epoch) => again.chain.epochStep(epoch))).toEqual(steps)
})

test('where more than 300 nodes have power a committee votes, fixed for its epoch and committed before it', async () => {
  const t = await powerChain(
    Array.from({ length: SAMPLED_FROM + 1 }, (_, i) => 1 + (i % 3)),
    { epochBlocks: 1, trustingBlocks: 3, committeeSeats: 1_000 },
  )
  const all = t.chain.genesis.validators
  await t.toHeight(2)
  expect(t.chain.setAt(1)).toEqual(all)
  for (const height of [2, 3]) {
    const set = t.chain.setAt(height)
    expect(totalPower(set)).toBe(1_000)
    expect(set.length).toBeLessThanOrEqual(all.length)
    const { header } = t.chain.headerAt(height - 1)
    expect(set).toEqual(drawCommittee(all, 1_000, header.seed, height - 1))
    expect(header.power).toEqual(powerRoot(set))
  }
  expect(t.chain.setAt(2)).not.toEqual(t.chain.setAt(3))
})

test('a set that would be empty is not taken: the old one stays', async () => {
  const t = await powerChain([2, 3])
  expect(await t.block(...t.nodes.map((v) => [v, { kind: 'node', action: { op: 'leave' } }] as const))).toEqual(['ok', 'ok'])
  await t.toHeight(20)
  expect(t.powers(20)).toEqual([2, 3])
  expect(t.chain.epochStep(3).delta).toEqual({ removed: [], changed: [], added: [] })
})

test('a node that left comes back with the vote key and the chips that it had', async () => {
  const t = await powerChain([9, 0, 1], { vendors: VENDORS })
  const node = nodeAt(t, SECOND)
  await t.node(node, nodeOf(node, t.chainId))
  await seat(t, ANN, SECOND, ['p'])
  expect(await t.node(node, nodeOf(node, t.chainId))).toMatch(/registered before/)
  expect(await t.node(node, { op: 'leave' })).toBe('ok')
  expect(await t.node(node, { op: 'leave' })).toMatch(/left before/)
  const late = chipOf('late', { vendor: VENDOR })
  await t.chip(ANN, claimOf(late, t.chainId, ANN.address))
  expect(await t.chip(ANN, assignOf(late, t.chainId, 0, node, ANN.address))).toBe('the node left')
  await t.toHeight(25)
  expect(t.powers(25)).toEqual([9, 0, 1])
  const other = { ...nodeOf(nodeAt(t, 2), t.chainId) }
  expect(await t.node(node, other)).toMatch(/another vote key/)
  expect(await t.node(node, nodeOf(node, t.chainId))).toBe('ok')
  await t.toHeight(36)
  expect(t.powers(36)).toEqual([9, 1, 1])
})

test('a vendor is added by more than half of the power of the set of a height, and its chips then count', async () => {
  const t = await powerChain([2, 2, 1])
  const maker = userOf(91)
  const proposal = (
    signers: readonly number[],
    over: { height?: number; name?: string; key?: Uint8Array; chainId?: PowerChain['chainId'] } = {},
  ) => {
    const { height = 1, name = 'new maker', key = maker.key, chainId = t.chainId } = over
    const set = t.chain.setAt(Math.min(height, t.chain.head().header.height))
    const message = vendorMessage(chainId, height, name, key)
    const places = signers.map((i) => set.findIndex((m) => m.key.join() === nodeAt(t, i).key.join()))
    const signature = crypto.blsAggregate(signers.map((i) => nodeAt(t, i).voter.sign(message)))
    return { name, key, height, signers: Uint8Array.of(places.reduce((n, p) => n | (1 << p), 0)), signature }
  }
  const send = async (p: ReturnType<typeof proposal>) => (await t.block([ANN, { kind: 'vendor', proposal: p }]))[0]
  await t.toHeight(1)
  const chip = chipOf('new', { vendor: maker, level: 3 })
  expect(await t.chip(ANN, claimOf(chip, t.chainId, ANN.address))).toMatch(/does not know/)
  expect(await send(proposal([0]))).toMatch(/half of the power/)
  expect(await send({ ...proposal([0, 1]), signers: Uint8Array.of(1, 0) })).toMatch(/half of the power/)
  expect(await send({ ...proposal([0, 1]), name: 'other' })).toMatch(/aggregate/)
  expect(await send(proposal([0, 1], { height: 1_000 }))).toMatch(/to come/)
  expect(await send(proposal([0, 1], { name: '' }))).toMatch(/name/)
  expect(await send(proposal([0, 1], { name: 'x'.repeat(65) }))).toMatch(/name/)
  expect(await send(proposal([0, 1], { key: new Uint8Array(32) }))).toMatch(/root key/)
  expect(await send(proposal([0, 1]))).toBe('ok')
  expect(await send(proposal([0, 1]))).toMatch(/added before/)
  expect(await send(proposal([0, 1], { key: userOf(92).key }))).toMatch(/this name/)
  expect(await send(proposal([0, 2], { key: userOf(93).key, name: 'x'.repeat(64) }))).toBe('ok')
  expect(await t.chip(ANN, claimOf(chip, t.chainId, ANN.address))).toBe('ok')
  expect(t.chipAt(chip.serial)).toMatchObject({ level: 3, vendor: maker.key, owner: ANN.address })
  expect(totalPower(t.chain.setAt(1))).toBe(5)
})
