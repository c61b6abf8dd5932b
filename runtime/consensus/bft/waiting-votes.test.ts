import { expect, test } from 'vitest'
import type { Member, Vote } from '../messages/index.ts'
import { WaitingVotes } from './waiting-votes.ts'

test('of votes that were taken out nothing stays, not even their places', () => {
  const waiting = new WaitingVotes()
  const members = [0, 1].map(() => ({ power: 1 }) as Member)
  for (let round = 0; round < 8; round++)
    for (const [voter, member] of members.entries())
      waiting.add({ from: 'p', vote: { round, phase: 'prevote', voter, block: null } as Vote }, member)
  expect(waiting.size).toBe(16 + 8)
  expect(waiting.take(({ vote }) => vote.voter === 0, members)).toHaveLength(8)
  expect(waiting.size).toBe(8 + 8)
  expect(waiting.take(() => true, members)).toHaveLength(8)
  expect(waiting.size).toBe(0)
})
