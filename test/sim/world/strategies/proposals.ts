/** Liars who lead: blocks withheld, doubled, bad, early, or shown again under a justification that is none. */
import type { Proposal, Quorum } from '../../../../runtime/consensus/messages/index.ts'
import { noise } from '../small-chain.ts'
import { everyone, forgedQuorum, sideOf, signedProposal, UnlockedBft, type Liar, type Strategy } from './liar.ts'

/** The second block of a round, made once. */
export function otherProposal(liar: Liar, p: Proposal): Proposal {
  const key = `${p.height}/${p.round}`
  let other = liar.memory.other.get(key)
  if (other === undefined) {
    other = signedProposal(liar, p, liar.app.forge(p.payload, { round: p.round, txs: [p.height * 1_000_003 + p.round] }), -1, null)
    if (liar.memory.other.size > 64) liar.memory.other.clear()
    liar.memory.other.set(key, other)
  }
  return other
}

export const equivocateProposals: NonNullable<Strategy['outgoing']> = (liar, m, to) =>
  m.kind === 'proposal' && sideOf(liar, to) ? [otherProposal(liar, m)] : [m]

/** A good block of an earlier round of the height, other than the one that its votes stand behind. */
function olderBlock(liar: Liar, p: Proposal): Uint8Array | undefined {
  const { leaderOf } = liar.app.setup()
  for (let round = p.round - 1; round >= 0; round--)
    if (leaderOf(round) === liar.index)
      return liar.app.forge(p.payload, { round, proposer: liar.index, txs: [p.round], seed: liar.app.ownSeed() })
  const seen = liar.memory.seen.find((m) => m.kind === 'proposal' && m.height === p.height && m.round < p.round && m.block !== p.block)
  return seen?.kind === 'proposal' ? seen.payload : undefined
}

function forgedLock(liar: Liar, p: Proposal, round: number, block: string): Quorum {
  const old = liar.memory.lock?.quorum
  const base = { ...forgedQuorum(liar), height: p.height, round, phase: 'prevote', block } as const
  return old === undefined || liar.random() < 0.5 ? base : { ...base, signers: old.signers, signature: old.signature }
}

/** A proposal of an older block whose valid round, or the prevotes said to be of it, cannot be. */
function unjustified(liar: Liar, p: Proposal): Proposal {
  const payload = olderBlock(liar, p) ?? p.payload
  const block = liar.app.options.rules.read(payload)?.label.id ?? ''
  const kind = Math.floor(liar.random() * 5)
  // of this round, of one to come, or of one that nobody can have voted in
  const round = p.round + ([0, 1, 999_990][Math.floor(liar.random() * 3)] as number)
  if (kind === 0) return signedProposal(liar, p, payload, round, forgedLock(liar, p, round, block))
  const before = Math.max(0, p.round - 1)
  // a true quorum: of another block, or of another round under the name of this one
  const seen = liar.memory.lock?.quorum ?? forgedLock(liar, p, before, block)
  if (kind === 1) return signedProposal(liar, p, payload, before, seen)
  if (kind === 2) return signedProposal(liar, p, payload, before, { ...seen, height: p.height, round: before, block })
  // none at all, or one that a new block does not need
  return kind === 3 ? signedProposal(liar, p, payload, before, null) : signedProposal(liar, p, p.payload, -1, seen)
}

export const PROPOSALS: Readonly<Record<string, Strategy>> = {
  'equivocate-proposals': { outgoing: equivocateProposals },
  'withhold-proposal': { outgoing: (_liar, m) => (m.kind === 'proposal' ? [] : [m]) },
  // shows its VRF only where the seed that follows draws itself again
  'withhold-vrf': {
    outgoing: (liar, m) => {
      if (m.kind !== 'proposal') return [m]
      const { rules } = liar.app.options
      const next = rules.read(m.payload)
      return next !== undefined && rules.leader(rules.after(m.payload), 0) === liar.index ? [m] : []
    },
  },
  'invalid-block': {
    outgoing: (liar, m) => {
      if (m.kind !== 'proposal' || m.validRound >= 0) return [m]
      const changes = [
        { parent: noise(liar.random, 32) },
        { seed: noise(liar.random, 32) },
        { time: 0 },
        { proposer: (liar.index + 1) % liar.nodes },
        { txs: Array.from({ length: 65 }, (_, i) => i) },
      ]
      return [signedProposal(liar, m, liar.app.forge(m.payload, changes[Math.floor(liar.random() * changes.length)] ?? {}))]
    },
  },
  'time-thief': {
    outgoing: (liar, m) =>
      m.kind === 'proposal' && m.validRound < 0
        ? [signedProposal(liar, m, liar.app.forge(m.payload, { time: liar.app.options.clock() + 3_600_000 }))]
        : [m],
  },
  'wrong-valid-round': {
    outgoing: (liar, m) => {
      if (m.kind !== 'proposal' || m.round === 0) return [m]
      const payload = olderBlock(liar, m)
      if (payload === undefined) return [m]
      const id = liar.app.options.rules.read(payload)?.label.id ?? ''
      return [signedProposal(liar, m, payload, m.round - 1, forgedLock(liar, m, m.round - 1, id))]
    },
  },
  // every block as an old one, by a valid round that is false, too high, or of another block
  'forge-justification': {
    machine: UnlockedBft,
    outgoing: (liar, m, to) => {
      if (m.kind === 'proposal') return [unjustified(liar, m)]
      // one alone hears its precommits, and decides alone
      return m.kind === 'vote' && m.phase === 'precommit' && m.height % liar.nodes !== to ? [] : [m]
    },
  },
  // two blocks to two halves, and in each later turn the first again, with whatever prevotes it has seen for it
  'return-to-first': {
    machine: UnlockedBft,
    outgoing: (liar, m, to) => {
      if (m.kind !== 'proposal') return [m]
      const { memory } = liar
      if (memory.first?.height !== m.height) memory.first = m
      const { first } = memory
      if (first.round === m.round) return equivocateProposals(liar, m, to)
      const round = memory.lock?.quorum.block === first.block ? memory.lock.quorum.round : first.round
      const lock = memory.lock?.quorum.block === first.block ? memory.lock.quorum : forgedLock(liar, m, round, first.block)
      return [signedProposal(liar, m, first.payload, round, lock)]
    },
  },
  censor: {
    outgoing: (liar, m) =>
      m.kind === 'proposal' && m.validRound < 0 ? [signedProposal(liar, m, liar.app.forge(m.payload, { txs: [] }))] : [m],
  },
  // good blocks for all its turns to come, which nobody will have: to run them costs others what it costs nobody else
  'early-proposer': {
    seen: (liar, m) => {
      if (m.kind !== 'proposal' || m.validRound >= 0 || m.height !== liar.app.head.height + 1) return
      // once a height
      if (liar.memory.early === m.height) return
      liar.memory.early = m.height
      const { leaderOf } = liar.app.setup()
      for (let round = m.round + 1; round < m.round + 200; round++) {
        if (leaderOf(round) !== liar.index) continue
        const payload = liar.app.forge(m.payload, { round, proposer: liar.index, seed: liar.app.ownSeed() })
        everyone(liar, signedProposal(liar, { ...m, round }, payload, -1, null))
      }
    },
  },
}
