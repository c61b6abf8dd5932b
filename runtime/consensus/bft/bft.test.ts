import { bls12_381 } from '@noble/curves/bls12-381.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  asArray,
  asUint,
  cidOf,
  DAG_CBOR,
  decode,
  digest,
  encode,
  isUtnetError,
  precommitMessage,
  toHex,
  utf8,
  type CID,
  type Validator,
} from '../../core/index.ts'
import { checkCertificate } from '../../crypto/index.ts'
import { crypto, validatorOf, type TestValidator } from '../testing/test-kit.ts'
import { Bft, BftNode, isOffence, type BftEffect, type BftEvent } from './index.ts'
import {
  bftCrypto,
  checkEvidence,
  checkQuorum,
  decodeEvidence,
  decodeSignedRow,
  encodeEvidence,
  encodeSignedRow,
  isQuorum,
  type BftCrypto,
  type FinalNotice,
  type Message,
  type Proposal,
  type Quorum,
  type SignedRow,
  type Vote,
} from '../messages/index.ts'
import { timeoutMs } from './timeouts.ts'

crypto.useNativeHashes()

const CHAIN = cidOf(DAG_CBOR, utf8('bft'))
const OTHER = cidOf(DAG_CBOR, utf8('other'))
const validators = [1, 2, 3, 4].map((n) => validatorOf(n))
const members = validators.map((v) => v.validator)
const portOf = (i: number, chain: CID = CHAIN): BftCrypto => {
  const v = validators[i] as (typeof validators)[number]
  return bftCrypto(chain, { voter: v.voter, signNode: (message) => crypto.signEd25519(message, v.secret) }, crypto)
}
const ports = validators.map((_, i) => portOf(i))
const port = (i: number): BftCrypto => ports[i] as BftCrypto

const payloadOf = (height: number, round: number, n: number): Uint8Array => encode([height, round, n])
const idOf = (payload: Uint8Array): string => toHex(digest('test', payload))
function labelOf(payload: Uint8Array) {
  try {
    const [height, round] = asArray(decode(payload), 'block', 3)
    return { id: idOf(payload), height: asUint(height, 'height'), round: asUint(round, 'round') }
  } catch {
    return undefined
  }
}

const setup = (self: number, height = 1) => ({ height, members, self, leaderOf: (round: number) => round % 4 })

class Machine {
  readonly bft: Bft
  readonly done: BftEffect[] = []
  /** Blocks whose code it lacks. */
  readonly lacking = new Set<string>()
  readonly self: number
  constructor(self: number, machine: typeof Bft = Bft) {
    this.self = self
    this.bft = new machine({ crypto: port(self), labelOf })
  }

  /** Carries an event out; blocks are good unless their number is 666. */
  step(event: BftEvent): BftEffect[] {
    const effects = this.bft.step(event)
    for (let i = 0; i < effects.length; i++) {
      const e = effects[i] as BftEffect
      if (e.type === 'build')
        effects.push(
          ...this.bft.step({ type: 'built', height: e.height, round: e.round, payload: payloadOf(e.height, e.round, this.self) }),
        )
      if (e.type === 'check' && !this.lacking.has(e.block))
        effects.push(
          ...this.bft.step({
            type: 'checked',
            height: e.height,
            block: e.block,
            valid: idOf(payloadOf(1, 0, 666)) !== e.block,
            timely: true,
          }),
        )
    }
    this.done.push(...effects)
    return effects
  }

  enter(row?: SignedRow): BftEffect[] {
    return this.step({ type: 'enter', setup: setup(this.self), ...(row === undefined ? {} : { row }) })
  }

  hear(message: Message, from = 'p'): BftEffect[] {
    return this.step({ type: 'message', from, message })
  }

  late(round: number, step: 'propose' | 'prevote' | 'precommit'): BftEffect[] {
    return this.step({ type: 'timeout', height: 1, round, step })
  }
}

const sent = (effects: readonly BftEffect[]): Message[] => effects.flatMap((e) => (e.type === 'send' ? [e.message] : []))
const votesIn = (effects: readonly BftEffect[]): Vote[] => sent(effects).filter((m) => m.kind === 'vote')
const refusals = (effects: readonly BftEffect[]): string[] => effects.flatMap((e) => (e.type === 'refuse' ? [e.why] : []))
const given = (effects: readonly BftEffect[], to: string): Message[] =>
  effects.flatMap((e) => (e.type === 'send' && e.to === to ? [e.message] : []))
const lastRow = (effects: readonly BftEffect[]): SignedRow =>
  effects.flatMap((e) => (e.type === 'persist' ? [e.row] : [])).at(-1) as SignedRow

function vote(voter: number, phase: Vote['phase'], block: string | null, round = 0, height = 1, chain: CID = CHAIN): Vote {
  const body = { height, round, phase, block }
  return { kind: 'vote', ...body, voter, signature: (chain === CHAIN ? port(voter) : portOf(voter, chain)).signVote(body) }
}

function proposal(proposer: number, payload: Uint8Array, round = 0, validRound = -1, lock: Quorum | null = null): Proposal {
  const body = { height: 1, round, validRound, block: idOf(payload) }
  return { kind: 'proposal', ...body, proposer, payload, lock, signature: port(proposer).signProposal(body) }
}

function quorum(phase: Vote['phase'], block: string, voters: readonly number[], round = 0, height = 1): Quorum {
  const signers = Uint8Array.of(voters.reduce((n, i) => n | (1 << i), 0))
  const signature = port(0).aggregate(voters.map((i) => vote(i, phase, block, round, height).signature))
  return { height, round, phase, block, signers, signature }
}

const A = payloadOf(1, 0, 0)
const B = payloadOf(1, 1, 1)

/** Node 3 locked on A in round 0, now in round 1. */
function locked(machine: typeof Bft = Bft): Machine {
  const m = new Machine(3, machine)
  m.enter()
  m.hear(proposal(0, A))
  for (const i of [0, 1]) m.hear(vote(i, 'prevote', idOf(A)))
  for (const i of [0, 1]) m.hear(vote(i, 'precommit', null))
  m.late(0, 'precommit')
  expect(m.bft.round).toBe(1)
  return m
}

describe('U2.4-POCI agreement', () => {
  test('four validators commit one block with a certificate that the chain takes', () => {
    const nodes = [0, 1, 2, 3].map((i) => new Machine(i))
    const queue: Message[] = nodes.flatMap((n) => sent(n.enter()))
    for (let m = queue.shift(); m !== undefined; m = queue.shift()) for (const n of nodes) queue.push(...sent(n.hear(m)))
    for (const n of nodes) {
      const commit = n.done.find((e) => e.type === 'commit')
      if (commit?.type !== 'commit') throw new Error('no commit')
      const { certificate } = commit.final
      expect(certificate.block).toBe(idOf(A))
      expect(checkQuorum(port(0), certificate, members)).toBe(true)
      const block = { chainId: CHAIN, height: 1, round: 0, blockHash: digest('test', A) }
      const plain = { ...certificate, block: block.blockHash }
      expect(checkCertificate(block, plain, members, crypto.blsFastAggregateVerify)).toBeGreaterThanOrEqual(3n)
    }
  })

  test('U7.2-DBL-1 each vote and proposal is durable before it leaves', () => {
    const m = new Machine(0)
    m.enter()
    for (const i of [1, 2]) m.hear(vote(i, 'prevote', idOf(A)))
    let row: SignedRow | undefined
    let checked = 0
    for (const e of m.done) {
      if (e.type === 'persist') row = e.row
      if (e.type !== 'send' || (e.message.kind !== 'vote' && e.message.kind !== 'proposal')) continue
      checked++
      if (e.message.kind === 'proposal') expect(row?.proposal?.block).toBe(e.message.block)
      else expect(row?.[e.message.phase]).toBe(e.message.block)
    }
    expect(checked).toBe(3)
  })

  test('after a restart a validator says the same again and nothing else', () => {
    const m = new Machine(0)
    m.enter()
    for (const i of [1, 2]) m.hear(vote(i, 'prevote', idOf(A)))
    const row = decodeSignedRow(encodeSignedRow(lastRow(m.done)))
    const again = new Machine(0)
    const out = sent(again.enter(row)).filter((x) => x.kind !== 'want')
    expect(out).toEqual(sent(m.done))
    // another block with a quorum of the same round finds it unmoved
    const other = payloadOf(1, 0, 9)
    again.hear(proposal(0, other))
    for (const i of [1, 2, 3]) again.hear(vote(i, 'prevote', other === A ? null : idOf(other)))
    expect(votesIn(again.done).filter((v) => v.block === idOf(other))).toEqual([])
  })

  test('a row that was torn, prolonged or changed at any byte starts no validator, or is another whole row; nothing is sent on half of one', async () => {
    const m = locked()
    m.late(1, 'propose')
    const row = encodeSignedRow(lastRow(m.done))
    const { locked: lock, valid, before } = decodeSignedRow(row)
    expect([lock?.block, valid?.quorum.block, before.length]).toEqual([idOf(A), idOf(A), 3])
    const spoilt = [new Uint8Array(0), Uint8Array.of(...row, 0)]
    for (let at = 0; at < row.length; at++) {
      spoilt.push(row.slice(0, at), row.with(at, (row[at] as number) ^ 1), row.with(at, (row[at] as number) ^ 0x80))
    }
    let refused = 0
    for (const bytes of spoilt) {
      try {
        expect(encodeSignedRow(decodeSignedRow(bytes))).toEqual(bytes)
      } catch (error) {
        if (!isUtnetError(error)) throw error
        refused++
      }
    }
    expect(refused).toBeGreaterThan(row.length)
    const out: Message[] = []
    const node = new BftNode(new Bft({ crypto: port(3), labelOf }), {
      app: {
        setup: () => setup(3),
        build: () => A,
        check: () => ({ valid: true, timely: true }),
        commit: () => {},
        finalAt: () => undefined,
      },
      loadRow: () => decodeSignedRow(row.subarray(0, row.length - 1)),
      saveRow: () => {},
      send: (message) => out.push(message),
      timer: () => {},
    })
    await expect(node.start()).rejects.toMatchObject({ code: expect.stringMatching(/^core_/) })
    await node.receive('p', proposal(0, A))
    expect(out).toEqual([])
  })

  test("a lock ends with its height, and with it the set: votes, locks and certificates of those who voted before are nobody's in the next", () => {
    const others = [5, 6, 7].map((n) => validatorOf(n))
    const [first, second, third] = others as [TestValidator, TestValidator, TestValidator]
    const next = [members[3] as Validator, first.validator, second.validator, third.validator]
    const [C, D] = [payloadOf(2, 1, 1), payloadOf(2, 0, 0)]
    const portOfNew = (v: TestValidator): BftCrypto =>
      bftCrypto(CHAIN, { ...v, signNode: (message) => crypto.signEd25519(message, v.secret) }, crypto)
    const sign = (v: TestValidator, voter: number, phase: Vote['phase'], block: string | null, round = 1): Vote => {
      const body = { height: 2, round, phase, block }
      return { kind: 'vote', ...body, voter, signature: portOfNew(v).signVote(body) }
    }
    const m = locked()
    m.late(1, 'propose')
    const row = lastRow(m.done)
    expect(row.locked?.block).toBe(idOf(A))
    // heard early, while the old set still votes
    for (const i of [0, 1, 2]) m.hear(vote(i, 'precommit', idOf(C), 1, 2), `old ${i}`)
    const entered = (machine: Machine): BftEffect[] =>
      machine.step({ type: 'enter', setup: { height: 2, members: next, self: 0, leaderOf: (round) => round % 4 }, row })
    const again = new Machine(3)
    for (const machine of [m, again]) {
      entered(machine)
      expect(machine.bft.round).toBe(0)
      const out: BftEffect[] = []
      for (const i of [0, 1, 2]) out.push(...machine.hear(vote(i, 'prevote', idOf(C), 1, 2), `old ${i}`))
      const old = quorum('prevote', idOf(D), [0, 1, 2], 0, 2)
      const signed = (payload: Uint8Array, lock: Quorum | null, validRound: number): Proposal => {
        const said = { height: 2, round: 1, validRound, block: idOf(payload) }
        return { kind: 'proposal', ...said, proposer: 1, payload, lock, signature: portOfNew(first).signProposal(said) }
      }
      expect(refusals(machine.hear(signed(D, old, 0)))).toEqual(['lock'])
      const certificate = quorum('precommit', idOf(C), [0, 1, 2], 1, 2)
      expect(refusals(machine.hear({ kind: 'final', certificate, payload: C }))).toEqual(['certificate'])
      // the new set moves it, and nothing that it was locked on holds it
      for (const [i, v] of [first, second].entries()) machine.hear(sign(v, i + 1, 'prevote', null), `new ${i}`)
      expect(machine.bft.round).toBe(1)
      expect(votesIn(machine.hear(signed(C, null, -1))).map((v) => [v.height, v.phase, v.block])).toEqual([[2, 'prevote', idOf(C)]])
      expect(machine.done.some((e) => e.type === 'commit')).toBe(false)
      expect([...refusals(out), ...refusals(machine.done)]).toContain('signature')
    }
  })

  test('a locked validator prevotes no other block, unless newer prevotes justify it', () => {
    const m = locked()
    expect(votesIn(m.hear(proposal(1, B, 1))).map((v) => v.block)).toEqual([null])
    const free = locked()
    free.late(1, 'propose')
    for (const i of [0, 1, 2]) free.hear(vote(i, 'prevote', null, 1))
    for (const i of [0, 1]) free.hear(vote(i, 'precommit', null, 1))
    free.late(1, 'precommit')
    const justified = proposal(2, B, 2, 1, quorum('prevote', idOf(B), [0, 1, 2], 1))
    expect(votesIn(free.hear(justified)).map((v) => v.block)).toEqual([idOf(B)])
  })

  test('without the check of the justification the lock is worth nothing', () => {
    class Credulous extends Bft {
      protected override justified(): boolean {
        return true
      }
    }
    const forged = { ...quorum('prevote', idOf(A), [0, 1, 2], 0), block: idOf(payloadOf(1, 0, 5)) }
    const lie = proposal(1, payloadOf(1, 0, 5), 1, 0, forged)
    const honest = locked()
    const out = honest.hear(lie)
    expect(refusals(out)).toEqual(['lock'])
    expect(votesIn(out)).toEqual([])
    expect(votesIn(locked(Credulous).hear(lie)).map((v) => v.block)).toEqual([idOf(payloadOf(1, 0, 5))])
  })

  test('a locked leader proposes its block again, with the prevotes', () => {
    const m = locked()
    m.late(1, 'propose')
    for (const i of [0, 1, 2]) m.hear(vote(i, 'precommit', null, 1))
    m.late(1, 'precommit')
    for (const i of [0, 1, 2]) m.hear(vote(i, 'precommit', null, 2))
    m.late(2, 'precommit')
    const again = sent(m.done).findLast((x) => x.kind === 'proposal')
    if (again?.kind !== 'proposal' || again.lock === null) throw new Error('no proposal')
    expect([again.round, again.validRound, again.block]).toEqual([3, 0, idOf(A)])
    expect(checkQuorum(port(0), again.lock, members)).toBe(true)
  })

  test('a bad or untimely block gets a vote for none; time does not count once others stood behind it', () => {
    const m = new Machine(3)
    m.enter()
    expect(votesIn(m.hear(proposal(0, payloadOf(1, 0, 666)))).map((v) => v.block)).toEqual([null])
    const late = new Machine(3)
    late.bft.step({ type: 'enter', setup: setup(3) })
    late.bft.step({ type: 'message', from: 'p', message: proposal(0, A) })
    const out = late.bft.step({ type: 'checked', height: 1, block: idOf(A), valid: true, timely: false })
    expect(votesIn(out).map((v) => v.block)).toEqual([null])
    for (const i of [0, 1, 2]) late.bft.step({ type: 'message', from: 'p', message: vote(i, 'precommit', idOf(A)) })
    expect(late.bft.step({ type: 'timeout', height: 1, round: 0, step: 'precommit' })).toEqual([])
  })

  test('exactly two thirds is no quorum', () => {
    expect(isQuorum(2, 3)).toBe(false)
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 40 }),
        fc.integer({ min: 0, max: 2 ** 40 }),
        (total, power) => isQuorum(power, total) === BigInt(power) * 3n > BigInt(total) * 2n,
      ),
    )
  })

  test('a step waits 1 s x 1.5^round, at most a minute', () => {
    expect([0, 1, 2, 3, 10, 11, 1_000_000].map((r) => timeoutMs(1_000, r))).toEqual([1_000, 1_500, 2_250, 3_375, 57_654, 60_000, 60_000])
  })

  test('a quorum of precommits for none ends the round at once, in whatever step; one of any kind does not', () => {
    for (const late of [false, true]) {
      const m = new Machine(3)
      m.enter()
      if (late) m.late(0, 'propose')
      for (const i of [0, 1]) m.hear(vote(i, 'precommit', null))
      expect(m.bft.round).toBe(0)
      m.hear(vote(2, 'precommit', null))
      expect(m.bft.round).toBe(1)
      expect(m.done.filter((e) => e.type === 'timer' && e.step === 'precommit')).toEqual([])
    }
    const m = new Machine(3)
    m.enter()
    for (const i of [0, 1]) m.hear(vote(i, 'precommit', null))
    m.hear(vote(2, 'precommit', idOf(A)))
    expect(m.bft.round).toBe(0)
    expect(m.done.filter((e) => e.type === 'timer' && e.step === 'precommit')).toHaveLength(1)
  })

  test('more than a third in a later round draws a validator there', () => {
    const m = new Machine(3)
    m.enter()
    m.hear(vote(0, 'prevote', null, 7))
    expect(m.bft.round).toBe(0)
    m.hear(vote(1, 'prevote', null, 9))
    expect(m.bft.round).toBe(7)
  })
})

test('a validator that others left behind by votes that it was not shown gets them from an honest peer', () => {
  const m = new Machine(3)
  m.enter()
  // 0 shows its precommit to node 3 only; 1 hears of 2 and itself
  for (const i of [0, 1, 2]) m.hear(vote(i, 'precommit', null))
  m.late(0, 'precommit')
  expect(m.bft.round).toBe(1)
  m.hear(vote(1, 'prevote', null), '1')
  // not yet: after a restart it would be in round 0 itself, and who had votes of round 1 from it would not lead it out
  expect(given(m.hear(vote(1, 'prevote', null), '1'), '1')).toEqual([])
  m.late(1, 'propose')
  const votes = given(m.hear(vote(1, 'prevote', null), '1'), '1')
  expect(votes).toContainEqual(vote(0, 'precommit', null))
  // once a second
  expect(m.hear(vote(1, 'prevote', null), '1').filter((e) => e.type === 'send')).toEqual([])
  const behind = new Machine(1)
  behind.enter()
  for (const message of votes) behind.hear(message)
  behind.late(0, 'precommit')
  expect(behind.bft.round).toBe(1)
})

test('a validator that comes back in a round leads others there out of the one before: it kept the precommits that ended it', () => {
  const m = new Machine(3)
  m.enter()
  for (const i of [0, 1, 2]) m.hear(vote(i, 'precommit', i === 2 ? idOf(A) : null))
  m.late(0, 'precommit')
  m.late(1, 'propose')
  const row = lastRow(m.done)
  expect([row.round, row.before]).toEqual([1, [vote(0, 'precommit', null), vote(1, 'precommit', null), vote(2, 'precommit', idOf(A))]])
  const again = new Machine(3)
  again.enter(decodeSignedRow(encodeSignedRow(row)))
  // 0 and 1 are silent since, and 2 had not heard them: without their votes it would wait in round 0 for good
  const votes = given(again.hear(vote(2, 'precommit', idOf(A)), '2'), '2')
  const behind = new Machine(2)
  behind.enter()
  for (const message of votes) behind.hear(message, '3')
  behind.late(0, 'precommit')
  expect(behind.bft.round).toBe(1)
  // as long as the round lasts
  again.late(1, 'prevote')
  for (const i of [0, 1]) again.hear(vote(i, 'prevote', null, 1))
  expect(votesIn(again.done).at(-1)).toEqual(vote(3, 'precommit', null, 1))
  expect(lastRow(again.done).before).toEqual(row.before)
  // fewer ended nothing
  const drawn = new Machine(3)
  drawn.enter()
  for (const i of [0, 1]) drawn.hear(vote(i, 'precommit', null))
  for (const i of [0, 1]) drawn.hear(vote(i, 'prevote', null, 1))
  drawn.late(1, 'propose')
  expect([drawn.bft.round, lastRow(drawn.done)]).toMatchObject([1, { round: 1, before: [] }])
})

describe('what mutants of the machine asked for', () => {
  test('a lock outlives a restart: the validator prevotes no other block, and goes on with its round', () => {
    const before = locked()
    before.late(1, 'propose')
    const again = new Machine(3)
    again.enter(decodeSignedRow(encodeSignedRow(lastRow(before.done))))
    again.late(1, 'prevote')
    for (const i of [0, 1, 2]) again.hear(vote(i, 'precommit', null, 1))
    expect(again.bft.round).toBe(2)
    const other = payloadOf(1, 2, 2)
    expect(votesIn(again.hear(proposal(2, other, 2))).map((v) => v.block)).toEqual([null])
  })

  test('U7.2-DBL-1 of blocks that are built late, twice, for another place or by nobody who leads, none is proposed', () => {
    const m = new Machine(0)
    // as an application would answer that takes its time
    const built = (machine: Machine, height: number, round: number, payload: Uint8Array): number =>
      sent(machine.bft.step({ type: 'built', height, round, payload })).filter((x) => x.kind === 'proposal').length
    m.bft.step({ type: 'enter', setup: setup(0) })
    expect(built(m, 2, 0, payloadOf(2, 0, 0))).toBe(0)
    expect(built(m, 1, 1, payloadOf(1, 1, 0))).toBe(0)
    expect(built(m, 1, 0, payloadOf(1, 1, 0))).toBe(0)
    expect(built(m, 1, 0, payloadOf(2, 0, 0))).toBe(0)
    expect(built(m, 1, 0, Uint8Array.of(0xff))).toBe(0)
    expect(built(m, 1, 0, A)).toBe(1)
    expect(built(m, 1, 0, payloadOf(1, 0, 9))).toBe(0)
    const late = new Machine(0)
    late.bft.step({ type: 'enter', setup: setup(0) })
    late.late(0, 'propose')
    expect(built(late, 1, 0, A)).toBe(0)
    const follower = new Machine(2)
    follower.enter()
    expect(built(follower, 1, 0, A)).toBe(0)
  })

  test('a lock message of a round ahead leads there, one of the present round begins nothing anew', () => {
    const lock = (round: number): Message => ({ kind: 'lock', quorum: quorum('prevote', idOf(A), [0, 1, 2], round), payload: A })
    const m = new Machine(3)
    m.enter()
    m.hear(lock(3))
    expect(m.bft.round).toBe(3)
    const present = new Machine(3)
    present.enter()
    present.late(0, 'propose')
    const out = present.hear(lock(0))
    expect([present.bft.round, votesIn(out), out.filter((e) => e.type === 'timer')]).toEqual([0, [], []])
    expect(refusals(present.hear(lock(0)))).toEqual(['duplicate'])
    // one behind leads nowhere
    const behind = new Machine(3)
    behind.enter()
    behind.hear(lock(3))
    behind.late(3, 'propose')
    behind.late(3, 'prevote')
    for (const i of [0, 1, 2]) behind.hear(vote(i, 'precommit', null, 3))
    expect(behind.bft.round).toBe(4)
    behind.hear(lock(2))
    expect(behind.bft.round).toBe(4)
  })

  test('who shows a later height is asked for final blocks, once a second, and its messages are kept over the heights between', () => {
    const m = new Machine(3)
    m.enter()
    const want = (effects: readonly BftEffect[]): Message[] => given(effects, 'ahead').filter((x) => x.kind === 'want')
    expect(want(m.hear(vote(0, 'precommit', null, 0, 3), 'ahead'))).toEqual([{ kind: 'want', height: 1 }])
    expect(want(m.hear(vote(1, 'precommit', null, 0, 3), 'ahead'))).toEqual([])
    m.step({ type: 'timeout', height: 1, round: 0, step: 'resend' })
    expect(want(m.hear(vote(2, 'precommit', null, 0, 3), 'ahead'))).toEqual([{ kind: 'want', height: 1 }])
    m.step({ type: 'enter', setup: setup(3, 2) })
    m.step({ type: 'enter', setup: setup(3, 3) })
    expect(m.bft.round).toBe(1)
  })

  test('votes of rounds far behind are checked when the round moves on: nobody says them again, and a bad one is told', () => {
    const m = new Machine(3)
    m.enter()
    m.hear({ ...vote(1, 'prevote', null, 0), signature: vote(1, 'prevote', null, 1).signature }, 'liar')
    for (const round of [0, 1]) {
      const out = [0, 1, 2].flatMap((i) => m.hear(vote(i, 'precommit', null, round)))
      expect(refusals(out)).toEqual(round === 0 ? [] : ['signature'])
    }
    expect(m.bft.round).toBe(2)
  })

  test('a block that was proposed for a round that the validator passed over is run when that round is found to have decided on it', () => {
    const m = new Machine(3)
    m.enter()
    const ahead = payloadOf(1, 2, 2)
    for (const i of [0, 1]) m.hear(vote(i, 'prevote', null, 3))
    expect(m.bft.round).toBe(3)
    m.hear(proposal(2, ahead, 2))
    expect(m.done.some((e) => e.type === 'check')).toBe(false)
    const out = [0, 1, 2].flatMap((i) => m.hear(vote(i, 'precommit', idOf(ahead), 2)))
    expect(out.filter((e) => e.type === 'check' || e.type === 'commit').map((e) => e.type)).toEqual(['check', 'commit'])
  })

  test('a proposal of a round that is kept no more is refused, and of a member that has two rounds ahead one of a lower round', () => {
    const m = new Machine(3)
    m.enter()
    m.hear({ kind: 'lock', quorum: quorum('prevote', idOf(A), [0, 1, 2], 18), payload: A })
    expect(m.bft.round).toBe(18)
    const held = m.bft.held
    expect(refusals(m.hear(proposal(0, A)))).toEqual(['round'])
    for (const round of [22, 26]) expect(refusals(m.hear(proposal(round % 4, payloadOf(1, round, 0), round)))).toEqual([])
    expect(refusals(m.hear(proposal(2, payloadOf(1, 30, 0), 30)))).toEqual([])
    // its highest are 26 and 30
    expect(refusals(m.hear(proposal(2, payloadOf(1, 22, 1), 22)))).toEqual(['round'])
    expect(m.bft.held).toBe(held + 2)
  })

  test('a second, different vote behind one that was counted is evidence too', () => {
    const m = new Machine(3)
    m.enter()
    for (const i of [0, 1, 2]) m.hear(vote(i, 'prevote', null))
    const out = m.hear(vote(1, 'prevote', idOf(A)))
    expect(out.filter((e) => e.type === 'evidence')).toHaveLength(1)
    expect(refusals(m.hear(vote(1, 'prevote', null)))).toEqual(['duplicate'])
  })

  test('the first step waits a second, the next round half as long again', () => {
    const m = new Machine(3)
    m.enter()
    for (const i of [0, 1, 2]) m.hear(vote(i, 'precommit', null))
    const waits = m.done.flatMap((e) => (e.type === 'timer' && e.step === 'propose' ? [e.ms] : []))
    expect(waits).toEqual([1_000, 1_500])
  })

  test('a signed row with two things in the place of one is none', () => {
    const row = lastRow(locked().done)
    const list = [...asArray(decode(encodeSignedRow(row)), 'row')]
    const at = list.findIndex((field) => Array.isArray(field) && field.length === 1)
    list[at] = [...asArray(list[at], 'field'), ...asArray(list[at], 'field')]
    expect(() => decodeSignedRow(encode(list))).toThrow(expect.objectContaining({ code: 'core_not_canonical' }))
  })

  test('evidence of the same choice twice is none as soon as it is read', () => {
    const choice = [null, 0, vote(1, 'prevote', null).signature]
    expect(() => decodeEvidence(encode([1, 1, 0, 'prevote', 1, choice, choice]))).toThrow(
      expect.objectContaining({ code: 'core_not_canonical' }),
    )
  })
})

describe('bad messages', () => {
  const good = vote(0, 'prevote', idOf(A))
  const flip = (b: Uint8Array): Uint8Array => Uint8Array.from(b, (x, i) => (i === 20 ? x ^ 1 : x))
  const goodProposal = proposal(0, A)
  const final = (q: Quorum, payload = A): FinalNotice => ({ kind: 'final', certificate: q, payload })
  const q = quorum('precommit', idOf(A), [0, 1, 2])
  const p = quorum('prevote', idOf(A), [0, 1, 2])
  const cases: readonly (readonly [string, Message, string])[] = [
    ['a vote of nobody', { ...good, voter: 4 }, 'member'],
    ['a vote of another voter', { ...good, voter: 1 }, 'signature'],
    ['a vote for another block', { ...good, block: idOf(B) }, 'signature'],
    ['a vote of another round', { ...good, round: 1 }, 'signature'],
    ['a vote shown in the other phase', { ...good, phase: 'precommit' }, 'signature'],
    ['a vote of a past height', { ...vote(0, 'prevote', null, 0, 0) }, 'stale'],
    ['a vote of another chain', vote(0, 'prevote', idOf(A), 0, 1, OTHER), 'signature'],
    ['a vote with a flipped bit', { ...good, signature: flip(good.signature) }, 'signature'],
    ['a vote of a negative round', { ...good, round: -1 }, 'round'],
    ['a vote of a round beyond all', { ...good, round: 1_000_001 }, 'round'],
    ['a vote far ahead', { ...good, height: 100 }, 'early'],
    ['a proposal of nobody', { ...goodProposal, proposer: 9 }, 'member'],
    ['a proposal of another than the leader', proposal(1, A), 'leader'],
    ['a proposal of another round', { ...goodProposal, round: 4 }, 'signature'],
    ['a proposal with another payload', { ...goodProposal, payload: payloadOf(1, 0, 8) }, 'payload'],
    ['a proposal with no block', { ...goodProposal, payload: Uint8Array.of(1, 2) }, 'payload'],
    ['a new block of an old round', proposal(1, A, 1), 'payload'],
    ['a proposal with a flipped bit', { ...goodProposal, signature: flip(goodProposal.signature) }, 'signature'],
    ['an old block without prevotes', proposal(1, A, 1, 0), 'lock'],
    ['an old block with precommits', proposal(1, A, 1, 0, q), 'lock'],
    ['an old block with too few prevotes', proposal(1, A, 1, 0, quorum('prevote', idOf(A), [0, 1])), 'lock'],
    ['an old block of its own round', proposal(1, A, 1, 1, quorum('prevote', idOf(A), [0, 1, 2], 1)), 'lock'],
    ['a lock of precommits', { kind: 'lock', quorum: q, payload: A }, 'lock'],
    ['a lock with another block', { kind: 'lock', quorum: p, payload: B }, 'payload'],
    ['a lock with a bit too many', { kind: 'lock', quorum: { ...p, signers: Uint8Array.of(15) }, payload: A }, 'lock'],
    ['a lock with a bit beyond the set', { kind: 'lock', quorum: { ...p, signers: Uint8Array.of(23) }, payload: A }, 'lock'],
    ['a lock with a longer field', { kind: 'lock', quorum: { ...p, signers: Uint8Array.of(7, 0) }, payload: A }, 'lock'],
    ['a final block with prevotes', final(p), 'certificate'],
    ['a final block with prevotes called precommits', final({ ...p, phase: 'precommit' }), 'certificate'],
    ['a final block with another block', final(q, B), 'payload'],
    ['a final block with too few', final(quorum('precommit', idOf(A), [0, 1])), 'certificate'],
    ['a certificate of another height', final({ ...quorum('precommit', idOf(A), [0, 1, 2], 0, 2), height: 1 }), 'certificate'],
  ]
  test.each(cases)('%s is refused', (_name, message, why) => {
    const m = new Machine(3)
    m.enter()
    const out = m.hear(message)
    // a signature is looked at when it could matter
    if (message.kind === 'vote' && why === 'signature')
      for (const i of [0, 1, 2]) if (i !== message.voter) out.push(...m.hear(vote(i, message.phase, message.block, message.round)))
    expect(refusals(out)).toEqual([why])
    expect(votesIn(out)).toEqual([])
    expect(out.some((e) => e.type === 'commit' || e.type === 'evidence')).toBe(false)
  })

  const forged = (voter: number, from = good): Vote => ({ ...from, voter, signature: vote(3, 'prevote', null).signature })

  test('a bad signature among votes that are checked together: it is named with its sender, the others count', () => {
    const m = new Machine(3)
    m.enter()
    m.hear(goodProposal)
    expect(m.hear(forged(1), 'liar')).toEqual([])
    const out = [0, 2].flatMap((i) => m.hear(vote(i, 'prevote', idOf(A)), String(i)))
    expect(out).toContainEqual({ type: 'refuse', from: 'liar', why: 'signature' })
    expect(refusals(out)).toEqual(['signature'])
    // two others and the own vote are a quorum
    expect(votesIn(out).map((v) => [v.phase, v.block])).toEqual([['precommit', idOf(A)]])
  })

  test('a forged vote keeps no place: the true one of that member counts, whichever comes first', () => {
    for (const order of [
      [forged(0), good],
      [good, forged(0)],
    ]) {
      const m = new Machine(3)
      m.enter()
      m.hear(goodProposal)
      const out = order.flatMap((message) => m.hear(message, message === good ? '0' : 'liar'))
      expect(out).toEqual([{ type: 'refuse', from: 'liar', why: 'signature' }])
      expect(votesIn(m.hear(vote(1, 'prevote', idOf(A)))).map((v) => v.phase)).toEqual(['precommit'])
    }
  })

  test("of a peer that showed one bad signature all that waits is checked; a vote under another's key is its offence, the same vote twice is none", () => {
    const m = new Machine(3)
    m.enter()
    for (const i of [0, 1]) expect(m.hear(forged(i, vote(i, 'precommit', null)), 'liar')).toEqual([])
    expect(refusals(m.hear({ ...good, voter: 2 }, 'liar'))).toEqual([])
    expect(refusals(m.hear(vote(2, 'prevote', idOf(A)), '2'))).toEqual(['signature', 'signature', 'signature'])
    expect(refusals(m.hear(vote(2, 'prevote', idOf(A)), '2'))).toEqual(['duplicate'])
    expect(refusals(m.hear(vote(1, 'precommit', null), '1'))).toEqual([])
    expect(refusals(m.hear(vote(1, 'precommit', null), '1'))).toEqual(['duplicate'])
  })

  test('two signatures that are valid only as a sum count for nothing, and no certificate is made of them', () => {
    const { Point } = bls12_381.G2
    const [a, b] = [1, 2].map((i) => Point.fromBytes(vote(i, 'prevote', idOf(A)).signature)) as [typeof Point.BASE, typeof Point.BASE]
    const moved = [a.add(Point.BASE), b.subtract(Point.BASE)].map((point, i) => ({
      ...vote(i + 1, 'prevote', idOf(A)),
      signature: point.toBytes(),
    }))
    const sum = port(0).aggregate(moved.map((v) => v.signature))
    expect(port(0).verifyQuorum(good, members.slice(1, 3), sum)).toBe(true)
    const m = new Machine(3)
    m.enter()
    m.hear(goodProposal)
    const out = moved.flatMap((v) => m.hear(v, 'liar'))
    expect(refusals(out)).toEqual(['signature', 'signature'])
    expect(votesIn(out)).toEqual([])
  })

  test('what no rule waits for is not checked: of four votes for a block the fourth is not', () => {
    let checks = 0
    const counted: BftCrypto = { ...port(3), verifyVotes: (votes) => ((checks += votes.length), port(3).verifyVotes(votes)) }
    const bft = new Bft({ crypto: counted, labelOf })
    bft.step({ type: 'enter', setup: setup(-1) })
    for (const i of [0, 1, 2, 3]) bft.step({ type: 'message', from: String(i), message: vote(i, 'prevote', idOf(A)) })
    expect(checks).toBe(3)
    expect(bft.held).toBeGreaterThanOrEqual(1)
  })

  test('a certificate under a stale power table is refused', () => {
    const newer = members.map((v, i) => ({ ...v, power: i === 3 ? 3 : 1 }))
    expect(checkQuorum(port(0), q, members)).toBe(true)
    expect(checkQuorum(port(0), q, newer)).toBe(false)
    expect(checkQuorum(port(0), q, [...members].reverse())).toBe(false)
  })

  test('what an honest peer may send again is no offence', () => {
    const m = new Machine(3)
    m.enter()
    m.hear(good)
    for (const out of [m.hear(good), m.hear(vote(1, 'prevote', null, 0, 0))])
      expect(refusals(out).some((why) => isOffence(why as 'stale'))).toBe(false)
  })

  test('a final block ends the height', () => {
    const m = new Machine(3)
    m.enter()
    const commit = m.hear(final(q)).find((e) => e.type === 'commit')
    expect(commit?.type === 'commit' && commit.final.certificate).toEqual(q)
  })

  test('of a height that takes forty rounds only the blocks of those are held that are kept', () => {
    const m = new Machine(0)
    m.enter()
    const checked: string[] = []
    for (let round = 0; round < 40; round++) {
      if (round % 4 !== 0) checked.push(...refusals(m.hear(proposal(round % 4, payloadOf(1, round, round % 4), round))))
      for (const voter of [1, 2, 3]) m.hear(vote(voter, 'precommit', null, round))
      m.late(round, 'precommit')
    }
    expect(checked).toEqual([])
    expect(m.bft.round).toBe(40)
    expect(m.bft.held).toBeLessThan(45)
  })

  test('blocks for rounds to come are run when those come, however many a leader of them shows', () => {
    const m = new Machine(3)
    m.enter()
    const checks = (effects: readonly BftEffect[]): string[] => effects.flatMap((e) => (e.type === 'check' ? [e.block] : []))
    const early = (round: number): Proposal => proposal(1, payloadOf(1, round, 1), round)
    const heard = Array.from({ length: 100 }, (_, i) => m.hear(early(4 * i + 1))).flat()
    expect([checks(heard), refusals(heard)]).toEqual([[], []])
    expect(m.bft.held).toBeLessThan(20)
    // of its highest rounds the blocks are there when the others are
    const at = 4 * 99 + 1
    const moved = [0, 2].flatMap((i) => m.hear(vote(i, 'prevote', early(at).block, at)))
    expect(m.bft.round).toBe(at)
    expect(checks(moved)).toEqual([early(at).block])
    expect(votesIn(moved).find(({ round, phase }) => round === at && phase === 'prevote')?.block).toBe(early(at).block)
  })

  test('a block that was decided on in a round behind or ahead is run as soon as its proposal is there', () => {
    const m = new Machine(3)
    m.enter()
    m.late(0, 'propose')
    for (const i of [0, 1, 2]) m.hear(vote(i, 'precommit', null))
    m.late(0, 'precommit')
    expect(m.bft.round).toBe(1)
    for (const i of [0, 1, 2]) m.hear(vote(i, 'precommit', idOf(payloadOf(1, 2, 2)), 2))
    const committed = m.hear(proposal(2, payloadOf(1, 2, 2), 2))
    expect(committed.some(({ type }) => type === 'commit')).toBe(true)
  })

  test('of later heights no more than 16 MiB of one peer are kept, and one message', () => {
    const m = new Machine(0)
    m.enter()
    const payload = new Uint8Array(4 * 1024 * 1024)
    const message = { ...proposal(1, payloadOf(1, 1, 1), 1), height: 2, payload }
    const why = Array.from({ length: 8 }, (_, i) => refusals(m.hear({ ...message, round: i }, 'flooder')))
    expect(why.filter((w) => w.includes('early'))).toHaveLength(3)
    expect(refusals(m.hear(message, 'another'))).toEqual([])
  })

  test('a flood of rounds and heights is held within bounds', () => {
    const m = new Machine(3)
    m.enter()
    for (let i = 0; i < 300; i++) m.hear({ ...vote(0, 'prevote', null, 5 + i), kind: 'vote' })
    for (let i = 0; i < 1_000; i++) m.hear({ ...good, height: 2 + (i % 20) }, 'flooder')
    expect(m.bft.held).toBeLessThan(64 + 8)
    expect(m.bft.round).toBe(0)
  })
})

describe('U2.4-POCI evidence', () => {
  const two = [vote(1, 'precommit', idOf(A)), vote(1, 'precommit', null)] as const

  function accused(...messages: readonly Message[]) {
    const m = new Machine(3)
    m.enter()
    return messages.flatMap((x) => m.hear(x)).flatMap((e) => (e.type === 'evidence' ? [e.evidence] : []))
  }

  test('two votes and two proposals are one record each, whoever saw them in what order', () => {
    const [first] = accused(...two, two[1], two[0])
    const [second] = accused(two[1], two[0])
    expect(accused(...two, two[1]).length).toBe(1)
    if (first === undefined || second === undefined) throw new Error('no evidence')
    expect(encodeEvidence(first)).toEqual(encodeEvidence(second))
    expect(decodeEvidence(encodeEvidence(first))).toEqual(first)
    expect(checkEvidence(first, members, port(0))).toBe(members[1])
    const [proposals] = accused(proposal(0, A), proposal(0, payloadOf(1, 0, 7)))
    if (proposals === undefined) throw new Error('no evidence')
    expect(checkEvidence(decodeEvidence(encodeEvidence(proposals)), members, port(0))).toBe(members[0])
  })

  test('who signs twice wherever it can is told of once: its key is punished once', () => {
    const rounds = Array.from({ length: 40 }, (_, round) => round)
    const double = (phase: Vote['phase']) => rounds.flatMap((r) => [vote(1, phase, idOf(A), r), vote(1, phase, null, r)])
    const evidence = accused(...double('precommit'), ...double('prevote'), vote(2, 'prevote', idOf(A)), vote(2, 'prevote', null))
    expect(evidence.map((e) => e.member)).toEqual([1, 2])
  })

  test('a changed record accuses nobody', () => {
    const [e] = accused(...two)
    if (e === undefined) throw new Error('no evidence')
    const [a, b] = e.choices
    for (const bad of [
      { ...e, height: 2 },
      { ...e, round: 1 },
      { ...e, what: 'prevote' as const },
      { ...e, member: 0 },
      { ...e, member: 9 },
      { ...e, choices: [a, a] as const },
      { ...e, choices: [b, a] as const },
      { ...e, choices: [a, { ...b, signature: a.signature }] as const },
      { ...e, choices: [a, { ...b, validRound: 0 }] as const },
    ])
      expect(checkEvidence(bad, members, port(0))).toBeUndefined()
    expect(checkEvidence(e, members, portOf(0, OTHER))).toBeUndefined()
    const bytes = encodeEvidence(e)
    expect(() => decodeEvidence(bytes.subarray(1))).toThrow(/evidence/)
    expect(() => decodeEvidence(encode([2, 1, 0, 'prevote', 1, [], []]))).toThrow(/evidence/)
  })
})

describe('U2.4-POCI a block whose code is not here', () => {
  const checks = (effects: readonly BftEffect[]): string[] => effects.flatMap((e) => (e.type === 'check' ? [e.block] : []))
  const came = (m: Machine): BftEffect[] => {
    m.lacking.clear()
    return m.step({ type: 'code' })
  }
  function without(block: Uint8Array, self = 3): Machine {
    const m = new Machine(self)
    m.lacking.add(idOf(block))
    m.enter()
    return m
  }

  test('is prevoted when the code came in time, and none is prevoted when the round had no more time', () => {
    const m = without(A)
    expect(votesIn(m.hear(proposal(0, A)))).toEqual([])
    expect(votesIn(came(m)).map((v) => [v.phase, v.block])).toEqual([['prevote', idOf(A)]])
    const late = without(A)
    late.hear(proposal(0, A))
    expect(votesIn(late.late(0, 'propose')).map((v) => [v.phase, v.block])).toEqual([['prevote', null]])
    expect(votesIn(came(late))).toEqual([])
  })

  test('is not locked on and not precommitted whatever others prevoted; in a later round it is voted for', () => {
    const m = without(A)
    m.hear(proposal(0, A))
    for (const i of [0, 1, 2]) m.hear(vote(i, 'prevote', idOf(A)))
    m.late(0, 'propose')
    expect(votesIn(m.late(0, 'prevote')).map((v) => [v.phase, v.block])).toEqual([['precommit', null]])
    for (const i of [0, 1]) m.hear(vote(i, 'precommit', null))
    m.late(0, 'precommit')
    expect([m.bft.round, lastRow(m.done).locked]).toEqual([1, undefined])
    m.hear(proposal(1, A, 1, 0, quorum('prevote', idOf(A), [0, 1, 2])))
    expect(votesIn(came(m)).map((v) => [v.round, v.phase, v.block])).toEqual([[1, 'prevote', idOf(A)]])
  })

  test('that came between two proposals of it is run when it is proposed again', () => {
    const m = without(A)
    m.hear(proposal(0, A))
    m.late(0, 'propose')
    for (const i of [0, 1]) m.hear(vote(i, 'prevote', null))
    for (const i of [0, 1]) m.hear(vote(i, 'precommit', null))
    m.late(0, 'precommit')
    expect(checks(came(m))).toEqual([])
    const again = m.hear(proposal(1, A, 1, 0, quorum('prevote', idOf(A), [0, 1, 2])))
    expect(votesIn(again).map((v) => [v.round, v.block])).toEqual([[1, idOf(A)]])
  })

  test('ends no height and stops nobody where it is final: the height waits, asks each second, and ends when the code came', () => {
    const m = without(A)
    m.hear({ kind: 'final', certificate: quorum('precommit', idOf(A), [0, 1, 2]), payload: A })
    for (const i of [0, 1, 2]) m.hear(vote(i, 'precommit', idOf(A)))
    for (let second = 0; second < 3; second++)
      expect(checks(m.step({ type: 'timeout', height: 1, round: 0, step: 'resend' }))).toEqual([idOf(A)])
    expect(m.done.filter((e) => e.type === 'commit' || e.type === 'halt')).toEqual([])
    expect(came(m).map((e) => e.type)).toEqual(['check', 'commit'])
    // nothing is run again behind it
    expect(checks(m.step({ type: 'code' }))).toEqual([])
  })

  test('is looked at again where enough have decided on it in a round behind, and not where it has been run', () => {
    const m = without(A)
    m.hear(proposal(0, A))
    m.late(0, 'propose')
    for (const i of [0, 1, 2]) m.hear(vote(i, 'precommit', idOf(A)))
    m.late(0, 'precommit')
    m.hear(proposal(1, B, 1))
    expect([m.bft.round, m.done.filter((e) => e.type === 'commit')]).toEqual([1, []])
    // that of the present round has been run
    expect(checks(m.step({ type: 'code' }))).toEqual([idOf(A)])
    expect(came(m).map((e) => e.type)).toEqual(['check', 'commit'])
  })

  test('is looked at again in order of what stands behind it, and no more when nothing of it can matter', () => {
    const m = new Machine(3)
    const [C, D] = [payloadOf(1, 1, 2), payloadOf(1, 2, 3)]
    for (const block of [A, B, C, D]) m.lacking.add(idOf(block))
    m.enter()
    m.hear(proposal(0, A))
    m.hear({ kind: 'lock', quorum: quorum('prevote', idOf(C), [0, 1, 2], 1), payload: C })
    m.hear(proposal(1, B, 1))
    expect(m.bft.round).toBe(1)
    expect(checks(m.step({ type: 'code' }))).toEqual([idOf(C), idOf(B)])
    m.hear({ kind: 'final', certificate: quorum('precommit', idOf(D), [0, 1, 2], 2), payload: D })
    expect(checks(m.step({ type: 'code' }))).toEqual([idOf(D), idOf(C), idOf(B)])
  })
})

test('what a vote signs is what a certificate checks', () => {
  const body = { height: 5, round: 2, phase: 'precommit', block: idOf(A) } as const
  expect(crypto.blsVerify(port(1).signVote(body), precommitMessage(CHAIN, 5, 2, digest('test', A)), members[1]?.bls as Uint8Array)).toBe(
    true,
  )
})
