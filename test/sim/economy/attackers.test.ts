/** Chips, leases, vendors, bonds and evidence as an attacker would time them: in one block, in two, at the edges of epochs and periods. Money is counted behind each block. */
import { beforeEach, describe, expect, test } from 'vitest'
import {
  bitsOf,
  decodeNode,
  lastHeightOf,
  latestPower,
  LIMITS,
  toHex,
  vendorMessage,
  type CID,
  type TxPayload,
} from '../../../runtime/core/index.ts'
import type { Chain } from '../../../runtime/consensus/index.ts'
import {
  bftCrypto,
  encodeEvidence,
  proposalEvidence,
  voteEvidence,
  type Proposal,
  type Vote,
} from '../../../runtime/consensus/messages/index.ts'
import { nodeKey } from '../../../runtime/consensus/power/keys.ts'
import { assignOf, chipOf, claimOf, nodeOf, type TestChip } from '../../../runtime/consensus/power/testing/chips.ts'
import { powerChain, type PowerChain } from '../../../runtime/consensus/power/testing/power-chain.ts'
import { crypto, UNC, userOf, type TestUser, type TestValidator } from '../../../runtime/consensus/testing/test-kit.ts'
import { mustKeepMoney, unbondingOf } from './money.ts'

crypto.useNativeHashes()

const [ann, bob, cat] = [2, 3, 4].map(userOf) as [TestUser, TestUser, TestUser]
const [MAKER, NEW] = [90, 91].map(userOf) as [TestUser, TestUser]
const EPOCH = 4
const TRUSTING = 20
const PRICE = 5n * UNC

type Sent = readonly [TestUser, TxPayload]

/** A chain whose money is counted behind every block, whoever has it. */
interface Counted extends Omit<PowerChain, 'node' | 'chip'> {
  node(i: number): TestValidator
}

async function counted(founding: readonly number[], over: Parameters<typeof powerChain>[1] = {}): Promise<Counted> {
  const p = await powerChain(founding, {
    vendors: [{ name: 'maker', key: MAKER.key }],
    bondPrice: PRICE,
    trustingBlocks: TRUSTING,
    ...over,
  })
  const everybody = [ann, bob, cat, ...p.nodes].map(({ address }) => address)
  const block = async (...txs: readonly Sent[]): Promise<string[]> => {
    const ended = await p.block(...txs)
    mustKeepMoney(p.chain, everybody)
    return ended
  }
  const toHeight = async (height: number): Promise<void> => {
    while (p.chain.head().header.height < height) await block()
  }
  return {
    ...p,
    block,
    toHeight,
    endEpoch: () => toHeight((Math.floor(p.chain.head().header.height / EPOCH) + 1) * EPOCH),
    node: (i) => p.nodes[i] as TestValidator,
  }
}

const heightOf = ({ chain }: Pick<Counted, 'chain'>): number => chain.head().header.height
const chip = (user: TestUser, action: Extract<TxPayload, { kind: 'chip' }>['action']): Sent => [user, { kind: 'chip', action }]
const node = (user: TestUser, action: Extract<TxPayload, { kind: 'node' }>['action']): Sent => [user, { kind: 'node', action }]

let made = 0
let serial: TestChip
beforeEach(() => {
  serial = chipOf(`attackers ${made++}`, { vendor: MAKER })
})

/** How many units beyond its founding power each height's set has, from one height to another. */
const brought = (t: Counted, founding: number, from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => t.powers(from + i).reduce((a, b) => a + b, 0) - founding)

describe('U2.5-PWR-1 one chip is one unit, whatever its owner tries', () => {
  const claimed = async (): Promise<Counted> => {
    const t = await counted([3, 2, 2])
    expect(await t.block(chip(ann, claimOf(serial, t.chainId, ann.address)))).toEqual(['ok'])
    return t
  }
  const onlyOne = async (t: Counted): Promise<void> => {
    const from = heightOf(t)
    await t.toHeight(from + 3 * EPOCH)
    for (const units of brought(t, 7, from, heightOf(t))) expect(units).toBeLessThanOrEqual(1)
    expect(brought(t, 7, heightOf(t), heightOf(t))).toEqual([1])
  }

  test('under two nodes in one block: the second consent is of a move that was made', async () => {
    const t = await claimed()
    const to = (i: number): Sent => chip(ann, assignOf(serial, t.chainId, 0, t.node(i), ann.address))
    expect(await t.block(to(0), to(1))).toEqual(['ok', 'the node did not consent'])
    await onlyOne(t)
    expect(t.powers(heightOf(t))).toEqual([4, 2, 2])
  })

  test('under two nodes in two blocks, with a true consent each: it leaves the first', async () => {
    const t = await claimed()
    const to = (i: number): Sent => chip(ann, assignOf(serial, t.chainId, t.chipAt(serial.serial).moves, t.node(i), ann.address))
    expect(await t.block(to(0))).toEqual(['ok'])
    expect(await t.block(to(1))).toEqual(['ok'])
    await onlyOne(t)
    expect(t.powers(heightOf(t))).toEqual([3, 3, 2])
  })

  test('over a transfer: what was consented to for the seller is nothing for the buyer, and the chip sits nowhere meanwhile', async () => {
    const t = await claimed()
    await t.block(chip(ann, assignOf(serial, t.chainId, 0, t.node(0), ann.address)))
    const { moves } = t.chipAt(serial.serial)
    const again = (by: TestUser, at = moves): Sent => chip(by, assignOf(serial, t.chainId, at, t.node(1), by.address))
    const ended = await t.block(chip(ann, { op: 'transfer', serial: serial.serial, to: bob.address }), again(ann), again(bob))
    expect(ended).toEqual(['ok', 'the chip has another owner', 'the node did not consent'])
    expect(t.chipAt(serial.serial).node).toBeNull()
    expect(await t.block(again(bob, t.chipAt(serial.serial).moves))).toEqual(['ok'])
    await onlyOne(t)
    expect(t.powers(heightOf(t))).toEqual([3, 3, 2])
  })

  test('let and then sold, or sold and then let, in one block and in two: the first counts, and nobody pays for nothing', async () => {
    const t = await claimed()
    const { serial: of } = serial
    const lease = (by: TestUser): Sent => chip(by, { op: 'lease', serial: of, lessee: cat.address, untilHeight: 40 })
    const offer = chip(ann, { op: 'offer', serial: of, price: UNC, to: null })
    const buy = chip(bob, { op: 'buy', serial: of, price: UNC })
    expect(await t.block(offer)).toEqual(['ok'])
    const had = t.chain.account(bob.address).balance
    expect(await t.block(lease(ann), buy)).toEqual(['ok', 'the chip is not offered at this price'])
    const [, lost] = t.chain.blockAt(heightOf(t)).outcomes
    expect(had - t.chain.account(bob.address).balance).toBe((lost?.gas ?? 0n) * t.chain.params.baseFee)
    expect(await t.block(offer, chip(ann, { op: 'transfer', serial: of, to: bob.address }))).toEqual(['the chip is let', 'the chip is let'])
    expect(await t.block(chip(cat, { op: 'endLease', serial: of }), offer, buy, lease(ann))).toEqual([
      'ok',
      'ok',
      'ok',
      'the chip has another owner',
    ])
    expect(toHex(t.chipAt(of).owner)).toBe(toHex(bob.address))
  })

  test('claimed by two in the last block of an epoch and the first of the next: the first has it, and it counts by that block', async () => {
    for (const late of [false, true]) {
      const t = await counted([3, 2, 2])
      const it = chipOf(`edge ${late}`, { vendor: MAKER })
      const claim = (by: TestUser): Sent => chip(by, claimOf(it, t.chainId, by.address))
      const seat = (by: TestUser): Sent => chip(by, assignOf(it, t.chainId, 0, t.node(0), by.address))
      await t.toHeight(EPOCH - 1 + (late ? 1 : 0))
      const taken = 'a chip of this serial was registered before'
      expect(await t.block(claim(bob), claim(ann), seat(ann), seat(bob))).toEqual(['ok', taken, 'the chip has another owner', 'ok'])
      expect(await t.block(claim(ann))).toEqual([taken])
      await t.toHeight(5 * EPOCH)
      const first = (late ? 3 : 2) * EPOCH + 1
      expect(brought(t, 7, 1, 5 * EPOCH)).toEqual(Array.from({ length: 5 * EPOCH }, (_, i) => (i + 1 >= first ? 1 : 0)))
    }
  })

  test('its vendor’s root comes in the block of the claim: a claim before it is refused, one behind it holds, and no other root takes the name', async () => {
    const t = await counted([3, 2, 2])
    const it = chipOf('in flight', { vendor: NEW })
    const root = (key: Uint8Array, name = 'new', height = heightOf(t)): Sent => {
      const set = t.chain.setAt(height)
      const message = vendorMessage(t.chainId, height, name, key)
      const voters = set.map((m) => t.nodes.find((v) => toHex(v.key) === toHex(m.key)) as TestValidator)
      const signature = crypto.blsAggregate(voters.map(({ voter }) => voter.sign(message)))
      return [cat, { kind: 'vendor', proposal: { name, key, height, signers: bitsOf(set.keys(), set.length), signature } }]
    }
    await t.block()
    const claim = (by: TestUser): Sent => chip(by, claimOf(it, t.chainId, by.address))
    const unknown = 'the certificate is of a vendor that the chain does not know'
    expect(await t.block(claim(ann), root(NEW.key), claim(bob))).toEqual([unknown, 'ok', 'ok'])
    expect(toHex(t.chipAt(it.serial).owner)).toBe(toHex(bob.address))
    // there is no way to take a root out, and no other way to put one in its place
    expect(await t.block(root(NEW.key), root(NEW.key, 'another'), root(userOf(92).key))).toEqual([
      'the root was added before',
      'the root was added before',
      'a vendor has this name',
    ])
  })

  test('chips of level 0 beyond any bond: power is at most the units that the bond pays for, the share, and 2^48 units of a bond that costs nothing', async () => {
    const t = await counted([9, 0], { bondPrice: 1n, level0Share: 100 })
    const soft = [0, 1, 2, 3].map((i) => chipOf(`soft ${made} ${i}`))
    const one = t.node(1)
    expect(await t.block(node(one, nodeOf(one, t.chainId)), node(one, { op: 'bond', amount: 2n ** 60n }))).toEqual(['ok', 'ok'])
    const record = (): ReturnType<typeof latestPower> =>
      latestPower(decodeNode(t.chain.prove('offchain', nodeKey(one.key)).value as Uint8Array))
    expect(record().units).toBe(LIMITS.foundingPower)
    await t.block(...soft.map((c) => chip(ann, claimOf(c, t.chainId, ann.address))))
    expect(await t.block(...soft.map((c) => chip(ann, assignOf(c, t.chainId, 0, one, ann.address))))).toEqual(['ok', 'ok', 'ok', 'ok'])
    await t.toHeight(3 * EPOCH)
    // a tenth of ten units is one
    expect(t.powers(heightOf(t))).toEqual([9, 1])
    expect(await t.block(node(one, { op: 'unbond', amount: 2n ** 60n - 2n }))).toEqual(['ok'])
    expect(record().units).toBe(2)
  })
})

/** Two votes, or two proposals, of a node at a height. */
function twice(
  chainId: CID,
  chain: Chain,
  who: TestValidator,
  height: number,
  form: 'prevote' | 'precommit' | 'proposal',
  round = 0,
): TxPayload {
  const keys = { voter: who.voter, signNode: (m: Uint8Array) => crypto.signEd25519(m, who.secret) }
  const port = bftCrypto(chainId, keys, crypto)
  const place = chain.setAt(height).findIndex((v) => toHex(v.key) === toHex(who.key))
  const [a, b] = ['1', '2'].map((digit) => digit.repeat(64)) as [string, string]
  if (form === 'proposal') {
    const proposal = (block: string): Proposal => {
      const body = { height, round, validRound: -1, block }
      return { kind: 'proposal', ...body, proposer: place, payload: new Uint8Array(0), lock: null, signature: port.signProposal(body) }
    }
    return { kind: 'evidence', record: encodeEvidence(proposalEvidence(proposal(a), proposal(b))) }
  }
  const vote = (block: string): Vote => {
    const body = { height, round, phase: form, block }
    return { kind: 'vote', ...body, voter: place, signature: port.signVote(body) }
  }
  return { kind: 'evidence', record: encodeEvidence(voteEvidence(vote(a), vote(b))) }
}

describe('U2.4-POCI bonds and evidence meet in one block', () => {
  const AMOUNT = 10n * PRICE
  /** The second node bonds in the first epoch and gives all of it up in the second: gives the last height at which it counted, and the first at which it is paid out. */
  const givenUp = async (): Promise<{ readonly t: Counted; readonly counts: number; readonly ripe: number }> => {
    const t = await counted([3, 1, 3])
    expect(await t.block(node(t.node(1), { op: 'bond', amount: AMOUNT }))).toEqual(['ok'])
    await t.endEpoch()
    expect(await t.block(node(t.node(1), { op: 'unbond', amount: AMOUNT }))).toEqual(['ok'])
    const counts = lastHeightOf(2, EPOCH)
    return { t, counts, ripe: counts + TRUSTING }
  }
  const bonded = (t: Counted): bigint => t.chain.account(t.node(1).address).bond + unbondingOf(t.chain, t.node(1).address)
  const withdraw = (t: Counted): Sent => node(t.node(1), { op: 'withdraw' })

  test('a bond that was given up cannot be withdrawn in the block before it is ripe, and evidence of the last height that it counted at takes it there', async () => {
    const { t, counts, ripe } = await givenUp()
    await t.toHeight(ripe - 2)
    const burnt = t.chain.burnt()
    const ended = await t.block(withdraw(t), [ann, twice(t.chainId, t.chain, t.node(1), counts, 'prevote')], withdraw(t))
    expect(ended).toEqual([`nothing can be withdrawn before height ${ripe}`, 'ok', 'nothing was unbonded'])
    expect(heightOf(t)).toBe(ripe - 1)
    expect([bonded(t), t.chain.burnt() - burnt >= AMOUNT]).toEqual([0n, true])
  })

  test.each([
    ['withdrawn first', true],
    ['accused first', false],
  ])('at the height at which it is ripe no evidence of a height that it counted at is taken any more: %s', async (_, first) => {
    const { t, counts, ripe } = await givenUp()
    await t.toHeight(ripe - 1)
    const evidence: Sent = [ann, twice(t.chainId, t.chain, t.node(1), counts, 'prevote')]
    const ended = await t.block(...(first ? [withdraw(t), evidence] : [evidence, withdraw(t)]))
    const old = 'the evidence is older than the trusting period'
    expect(ended).toEqual(first ? ['ok', old] : [old, 'ok'])
    expect([heightOf(t), bonded(t)]).toEqual([ripe, 0n])
    expect(t.chain.slashedAt(t.node(1).validator.bls)).toBeUndefined()
  })

  test('a bond given up in the block of the evidence burns with the rest, in either order, and once', async () => {
    for (const first of ['unbond', 'evidence']) {
      const t = await counted([3, 1, 3])
      await t.block(node(t.node(1), { op: 'bond', amount: AMOUNT }))
      await t.endEpoch()
      const unbond = node(t.node(1), { op: 'unbond', amount: AMOUNT / 2n })
      const at = heightOf(t)
      const evidence: Sent = [ann, twice(t.chainId, t.chain, t.node(1), at, 'precommit')]
      const burnt = t.chain.burnt()
      const ended = await t.block(...(first === 'unbond' ? [unbond, evidence] : [evidence, unbond]))
      expect(ended[first === 'unbond' ? 1 : 0]).toBe('ok')
      expect(bonded(t)).toBe(0n)
      const fees = t.chain.blockAt(heightOf(t)).outcomes.reduce((sum, { gas }) => sum + gas, 0n) * t.chain.params.baseFee
      expect(t.chain.burnt() - burnt).toBe(AMOUNT + fees)
      // below nothing there is nothing to take: again, in other forms, of other heights
      for (const [form, height, round] of [
        ['precommit', at, 0],
        ['prevote', at, 0],
        ['proposal', at, 0],
        ['prevote', at - 1, 3],
      ] as const)
        expect(await t.block([bob, twice(t.chainId, t.chain, t.node(1), height, form, round)])).toEqual([
          'the vote key was punished before',
        ])
      expect(bonded(t)).toBe(0n)
      expect(await t.block(node(t.node(1), { op: 'bond', amount: PRICE }))).toEqual(['the node was punished'])
    }
  })

  test('one offence in two forms in one block counts once, and so does one of a validator that left and came back', async () => {
    const t = await counted([3, 1, 3])
    await t.block(node(t.node(1), { op: 'bond', amount: AMOUNT }))
    const at = heightOf(t)
    expect(await t.block(node(t.node(1), { op: 'leave' }))).toEqual(['ok'])
    await t.toHeight(2 * EPOCH + 1)
    expect(t.powers(heightOf(t))[1]).toBe(0)
    const burnt = t.chain.burnt()
    const two = await t.block(
      [ann, twice(t.chainId, t.chain, t.node(1), at, 'prevote')],
      [bob, twice(t.chainId, t.chain, t.node(1), at, 'proposal')],
      node(t.node(1), nodeOf(t.node(1), t.chainId)),
    )
    expect(two).toEqual(['ok', 'the vote key was punished before', 'the node was punished'])
    const fees = t.chain.blockAt(heightOf(t)).outcomes.reduce((sum, { gas }) => sum + gas, 0n) * t.chain.params.baseFee
    expect(t.chain.burnt() - burnt).toBe(AMOUNT + fees)
    // its vote key does not come back under another node
    expect(await t.block(node(cat, nodeOf(t.node(1), t.chainId)))).toEqual(['a node with this vote key was registered before'])
    await t.toHeight(heightOf(t) + 2 * EPOCH)
    expect(t.powers(heightOf(t))[1]).toBe(0)
  })
})
