import { expect, test } from 'vitest'
import { type Proposal, type Vote, type Member } from '../messages/index.ts'
import type { BlockVerdict } from './known-blocks.ts'
import { RoundLog } from './rounds.ts'
import { nextMove, type Move, type Step } from './rules.ts'

const BLOCK = 'aa'
const GOOD: BlockVerdict = { valid: true, timely: true }
const TOTAL = 4

interface Case {
  readonly step: Step
  readonly proposal?: number
  readonly prevotes?: readonly (string | null)[]
  readonly precommits?: readonly (string | null)[]
  readonly verdict?: BlockVerdict | undefined
  readonly allows?: boolean
  readonly marks?: Partial<Pick<RoundLog, 'locked' | 'prevoteTimer' | 'precommitTimer'>>
}

/** The move of a member of four with the same power, in a round with so many votes. */
function move({ step, proposal, prevotes = [], precommits = [], verdict, allows = true, marks }: Case): Move | undefined {
  const log = Object.assign(new RoundLog(), marks)
  if (proposal !== undefined) log.proposal = { block: BLOCK, validRound: proposal } as Proposal
  for (const [phase, blocks] of [
    ['prevote', prevotes],
    ['precommit', precommits],
  ] as const)
    for (const [voter, block] of blocks.entries()) log[phase].add({ phase, voter, block } as Vote, { power: 1 } as Member)
  return nextMove({ step, log, total: TOTAL, verdictOf: () => verdict, lockAllows: () => allows })
}

const QUORUM = [BLOCK, BLOCK, BLOCK]
const VOID = [null, null, null]
const MIXED = [BLOCK, null, 'bb']
const prevote = (block: string | null): Move => ({ type: 'vote', phase: 'prevote', block })
const NOTHING: Move = { type: 'vote', phase: 'precommit', block: null }
const LOCK: Move = { type: 'lock', block: BLOCK }
const LEAVE: Move = { type: 'leave' }
const wait = (step: 'prevote' | 'precommit'): Move => ({ type: 'wait', step })

test.each<[string, Case, Move | undefined]>([
  ['a good proposal is prevoted', { step: 'propose', proposal: -1, verdict: GOOD }, prevote(BLOCK)],
  ['one that is not judged is waited for', { step: 'propose', proposal: -1 }, undefined],
  ['a wrong one is not prevoted', { step: 'propose', proposal: -1, verdict: { valid: false, timely: true } }, prevote(null)],
  ['a new one of another time neither', { step: 'propose', proposal: -1, verdict: { valid: true, timely: false } }, prevote(null)],
  ['of an old one the time was judged before', { step: 'propose', proposal: 0, verdict: { valid: true, timely: false } }, prevote(BLOCK)],
  ['what the lock forbids is not prevoted', { step: 'propose', proposal: -1, verdict: GOOD, allows: false }, prevote(null)],
  [
    'the clock of a round that others precommitted in runs first',
    { step: 'propose', proposal: -1, verdict: GOOD, precommits: MIXED },
    wait('precommit'),
  ],
  ['and runs once', { step: 'propose', proposal: -1, verdict: GOOD, precommits: MIXED, marks: { precommitTimer: true } }, prevote(BLOCK)],
  ['who has not prevoted locks on nothing', { step: 'propose', prevotes: QUORUM, verdict: GOOD }, undefined],
  ['a quorum of prevotes is locked on', { step: 'prevote', prevotes: QUORUM, verdict: GOOD }, LOCK],
  ['also behind the own precommit', { step: 'precommit', prevotes: QUORUM, verdict: GOOD }, LOCK],
  ['once', { step: 'precommit', prevotes: QUORUM, verdict: GOOD, marks: { locked: true } }, undefined],
  ['not on a wrong block', { step: 'precommit', prevotes: QUORUM, verdict: { valid: false, timely: true } }, undefined],
  ['prevotes for none are precommitted for none', { step: 'prevote', prevotes: VOID }, NOTHING],
  ['once', { step: 'precommit', prevotes: VOID }, undefined],
  ['of prevotes that differ more are waited for', { step: 'prevote', prevotes: MIXED }, wait('prevote')],
  ['once', { step: 'prevote', prevotes: MIXED, marks: { prevoteTimer: true } }, undefined],
  ['of precommits that differ too', { step: 'precommit', precommits: MIXED }, wait('precommit')],
  ['a quorum for none ends the round before anything was proposed', { step: 'propose', precommits: VOID }, LEAVE],
  ['and whatever was', { step: 'propose', proposal: -1, verdict: GOOD, precommits: VOID }, LEAVE],
  ['a quorum of prevotes in it is taken note of first', { step: 'prevote', prevotes: QUORUM, verdict: GOOD, precommits: VOID }, LOCK],
  ['and then it is left', { step: 'precommit', prevotes: QUORUM, verdict: GOOD, precommits: VOID, marks: { locked: true } }, LEAVE],
])('U2.4-POCI within a round: %s', (_, now, expected) => {
  expect(move(now)).toEqual(expected)
})
