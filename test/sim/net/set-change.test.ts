/** The set of the real chain changes under several validators that agree by messages: who joins, leaves or is slashed, at which height, on all alike. */
import { expect, test } from 'vitest'
import { encodeEvidence, voteEvidence } from '../../../runtime/consensus/messages/evidence.ts'
import { bftCrypto } from '../../../runtime/consensus/messages/index.ts'
import { crypto, userOf } from '../../../runtime/consensus/testing/test-kit.ts'
import { assignOf, chipOf, claimOf, nodeOf } from '../../../runtime/consensus/power/testing/chips.ts'
import { runChainNet } from './chain-net.ts'
import type { ChainLiar, ChainNetOptions } from './chain-net-options.ts'

crypto.useNativeHashes()

const VENDOR = userOf(90)
const OWNER = userOf(4)
const EPOCH = 6
const [STAYS, LEAVES, CHEATS, JOINS] = [0, 1, 2, 3]

/** What the network's users do, by height. */
const act: NonNullable<ChainNetOptions['act']> = (height, chain, validators) => {
  const [leaver, cheat, joiner] = [LEAVES, CHEATS, JOINS].map((i) => validators[i] as (typeof validators)[0]) as [
    (typeof validators)[0],
    (typeof validators)[0],
    (typeof validators)[0],
  ]
  const chips = ['a', 'b', 'c'].map((name) => chipOf(name, { vendor: VENDOR }))
  const chip = (action: Parameters<typeof signChip>[1]) => signChip(OWNER, action)
  // epoch 0: a node joins by registering three chips
  if (height === 1) return [[joiner, { kind: 'node', action: nodeOf(joiner, chain.chainId) }]]
  if (height === 2) return chips.map((c) => chip(claimOf(c, chain.chainId, OWNER.address)))
  if (height === 3) return chips.map((c) => chip(assignOf(c, chain.chainId, 0, joiner, OWNER.address)))
  // epoch 1: another leaves
  if (height === 8) return [[leaver, { kind: 'node', action: { op: 'leave' } }]]
  // epoch 3: a third has signed twice in the block before
  if (height === 20) {
    const keys = { voter: cheat.voter, signNode: (m: Uint8Array) => crypto.signEd25519(m, cheat.secret) }
    const port = bftCrypto(chain.chainId, keys, crypto)
    const voter = chain.setAt(height).findIndex((v) => v.key.join() === cheat.key.join())
    const [one, two] = ['1', '2'].map((digit) => {
      const body = { height, round: 0, phase: 'prevote', block: digit.repeat(64) } as const
      return { kind: 'vote', ...body, voter, signature: port.signVote(body) } as const
    }) as [Parameters<typeof voteEvidence>[0], Parameters<typeof voteEvidence>[0]]
    return [[leaver, { kind: 'evidence', record: encodeEvidence(voteEvidence(one, two)) }]]
  }
  return []
}

function signChip(
  user: typeof OWNER,
  action: ReturnType<typeof assignOf>,
): readonly [typeof OWNER, { kind: 'chip'; action: typeof action }] {
  return [user, { kind: 'chip', action }]
}

const RUN: ChainNetOptions = {
  seed: 11,
  heights: 26,
  powers: [4, 1, 2, 0],
  genesis: { vendors: [{ name: 'maker', key: VENDOR.key }], epochBlocks: EPOCH, trustingBlocks: 100 },
  act,
}

test('U2.4-POCI one node joins, one leaves, one is slashed: the set changes at the same heights on all, through restarts', async () => {
  const report = await runChainNet({
    ...RUN,
    falls: { 6: [STAYS], 7: [JOINS], 12: [CHEATS], 13: [LEAVES, STAYS], 18: [JOINS], 24: [STAYS] },
  })
  expect([report.conflicts, report.faults, report.accused]).toEqual([[], [], []])
  expect(report.crashes).toBe(7)
  expect(report.slashed).toEqual([CHEATS])
  expect(new Set(report.blocks.map((b) => b.join())).size).toBe(1)
  expect(new Set(report.powers.map((p) => JSON.stringify(p))).size).toBe(1)
  const [powers] = report.powers
  const sets = Array.from({ length: 26 }, (_, h) => powers?.[h]?.join())
  const until = (from: number, to: number): Set<string | undefined> => new Set(sets.slice(from - 1, to))
  expect(until(1, 12)).toEqual(new Set(['4,1,2,0']))
  // epoch 2: what joined in epoch 0
  expect(until(13, 18)).toEqual(new Set(['4,1,2,3']))
  // epoch 3: without the one that left in epoch 1
  expect(until(19, 24)).toEqual(new Set(['4,0,2,3']))
  // epoch 4: the slashed key is out from the epoch after the evidence
  expect(until(25, 26)).toEqual(new Set(['4,0,0,3']))
})

test('the same over a network that loses messages', async () => {
  const report = await runChainNet({ ...RUN, seed: 12, heights: 14, drop: 0.15 })
  expect([report.conflicts, report.faults]).toEqual([[], []])
  expect(new Set(report.powers.map((p) => JSON.stringify(p))).size).toBe(1)
  expect(report.powers[0]?.[13]).toEqual([4, 1, 2, 3])
})

test('U2.4-POCI who is on its way out and signs twice in its last epoch changes no block, and loses the bond that it gave up', async () => {
  const liar: ChainLiar = {
    index: LEAVES,
    outgoing: (message, to, own) => {
      if (message.kind !== 'vote' || message.block === null || message.height < 13 || to % 2 === 0) return [message]
      const { height, round, phase, voter } = message
      const body = { height, round, phase, block: null }
      return [message, { kind: 'vote', ...body, voter, signature: own.signVote(body) }]
    },
  }
  const report = await runChainNet({
    seed: 13,
    heights: 20,
    powers: [4, 2, 2, 2],
    genesis: { epochBlocks: EPOCH, trustingBlocks: 100 },
    act: (height, _chain, validators) =>
      height === 8 ? [[validators[LEAVES] as (typeof validators)[0], { kind: 'node', action: { op: 'leave' } }]] : [],
    liar,
    report: true,
  })
  expect([report.conflicts, report.faults, report.accused, report.slashed]).toEqual([[], [], [LEAVES], [LEAVES]])
  const [powers] = report.powers
  expect([powers?.[17], powers?.[18]]).toEqual([
    [4, 2, 2, 2],
    [4, 0, 2, 2],
  ])
})
