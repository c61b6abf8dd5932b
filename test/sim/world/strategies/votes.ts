/** Liars who vote: twice, for none, for all, late, to some, or as if they had forgotten. */
import type { Message, Vote } from '../../../../runtime/consensus/messages/index.ts'
import { timeoutMs } from '../../../../runtime/consensus/bft/timeouts.ts'
import { EPOCH } from '../small-chain.ts'
import { everyone, otherBlock, sideOf, signedVote, UnlockedBft, type Liar, type Strategy } from './liar.ts'
import { equivocateProposals, otherProposal } from './proposals.ts'

const equivocateVotes: NonNullable<Strategy['outgoing']> = (liar, m, to) =>
  m.kind === 'vote' && sideOf(liar, to) ? [signedVote(liar, m, otherBlock(liar, m.height, m.block))] : [m]

const equivocateAll: NonNullable<Strategy['outgoing']> = (liar, m, to) =>
  m.kind === 'proposal' ? equivocateProposals(liar, m, to) : equivocateVotes(liar, m, to)

/** What the other side of a cut is shown: another block, and votes for it. */
function acrossCut(liar: Liar, m: Message): readonly Message[] {
  if (m.kind === 'proposal') return [otherProposal(liar, m)]
  return m.kind === 'vote' ? [signedVote(liar, m, otherBlock(liar, m.height, m.block))] : [m]
}

/** Until a vote comes when the time of its step is over for some, and not yet for others. */
const edgeMs = (liar: Liar, { round }: Vote): number => Math.max(0, timeoutMs(1_000, round) - 120 + liar.random() * 160)

export const VOTES: Readonly<Record<string, Strategy>> = {
  silent: { outgoing: () => [] },
  'equivocate-votes': { outgoing: equivocateVotes },
  'equivocate-all': { machine: UnlockedBft, outgoing: equivocateAll },
  // hears and reaches all sides of a cut, and is of another mind on each
  'equivocate-across-cut': {
    machine: UnlockedBft,
    bridges: true,
    outgoing: (liar, m, to) => {
      const groups = liar.groups()
      return groups === undefined || groups[to] === groups[(liar.index + 1) % liar.nodes] ? [m] : acrossCut(liar, m)
    },
  },
  'vote-for-everything': {
    outgoing: (_liar, m) => (m.kind === 'vote' ? [] : [m]),
    seen: (liar, m) => {
      if (m.kind !== 'proposal') return
      for (const phase of ['prevote', 'precommit'] as const) everyone(liar, signedVote(liar, { ...m, phase }, m.block))
    },
  },
  'nil-voter': { outgoing: (liar, m) => (m.kind === 'vote' ? [signedVote(liar, m, null)] : [m]) },
  'late-sender': {
    outgoing: (liar, m, to) => {
      liar.say(m, to, 500 + liar.random() * 6_000)
      return []
    },
  },
  // a vote arrives as time runs out: before it for some, behind it for others
  'edge-voter': {
    outgoing: (liar, m, to) => {
      if (m.kind !== 'vote') return [m]
      liar.say(m, to, edgeMs(liar, m))
      return []
    },
  },
  // one alone hears its votes, another each round: who locks or decides by them is alone in it
  'hidden-lock': {
    outgoing: (liar, m, to) => {
      const hides = m.kind === 'lock' || (m.kind === 'vote' && (m.height + m.round) % liar.nodes !== to)
      return hides ? [] : [m]
    },
  },
  replay: {
    seen: (liar, m) => {
      // a prevote of the open height as a precommit
      if (m.kind === 'vote' && m.phase === 'prevote') everyone(liar, { ...m, phase: 'precommit' })
      if (liar.random() > 0.2) return
      const old = liar.memory.seen[Math.floor(liar.random() * liar.memory.seen.length)]
      const to = Math.floor(liar.random() * liar.nodes)
      if (old === undefined || to === liar.index) return
      liar.say(old, to)
      if (old.kind !== 'vote') return
      // the signature of one place shown in another: other phase, the height that is open, the key of another chain
      liar.say({ ...old, phase: old.phase === 'prevote' ? 'precommit' : 'prevote' }, to)
      if (m.kind === 'vote') liar.say({ ...old, height: m.height, round: m.round }, to)
      const body = { height: old.height, round: old.round, phase: old.phase, block: old.block }
      liar.say({ kind: 'vote', ...body, voter: liar.index, signature: liar.foreign.signVote(body) }, to)
    },
  },
  amnesia: { machine: UnlockedBft },
  // loses its power as soon as it has precommitted, and comes back without the row: it signs the same places again
  'lost-memory': {
    machine: UnlockedBft,
    forgets: true,
    outgoing: (liar, m) => {
      if (m.kind === 'vote' && m.phase === 'precommit' && liar.random() < 0.2) liar.restart()
      return [m]
    },
  },
  'split-brain': { twins: true },
  // honest in one epoch, a liar in the next
  turncoat: {
    machine: UnlockedBft,
    outgoing: (liar, m, to) => (Math.floor((liar.app.head.height + 1) / EPOCH) % 2 === 1 ? equivocateAll(liar, m, to) : [m]),
  },
  selective: { outgoing: (_liar, m, to) => (to % 3 === ('height' in m ? m.height : 0) % 3 ? [] : [m]) },
}
