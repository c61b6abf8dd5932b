/** What Byzantine nodes do, by name. Each has the honest machine, its own keys, and a hand on everything it sends. */
import { Bft } from '../../../runtime/consensus/bft/index.ts'
import {
  type BftCrypto,
  type LockNotice,
  type Message,
  type Proposal,
  type Quorum,
  type Vote,
} from '../../../runtime/consensus/messages/index.ts'
import { bitsOf, toHex } from '../../../runtime/core/index.ts'
import { noise, type SmallApp } from './small-chain.ts'

/** The machine that votes as if it were never locked. */
export class UnlockedBft extends Bft {
  protected override lockAllows(): boolean {
    return true
  }
}

/** The machine without any memory of earlier rounds, neither to vote nor to propose by: all that a lock is. */
export class ForgetfulBft extends UnlockedBft {
  protected override proposesAgain(): boolean {
    return false
  }
}

/** The machine that believes any justification of an old block. */
export class CredulousBft extends Bft {
  protected override justified(): boolean {
    return true
  }
}

export interface Liar {
  readonly index: number
  readonly nodes: number
  readonly crypto: BftCrypto
  /** The same key on another chain. */
  readonly foreign: BftCrypto
  readonly random: () => number
  readonly app: SmallApp
  /** Sends by itself. */
  say(message: Message, to: number, delayMs?: number): void
  readonly memory: { readonly seen: Message[]; readonly other: Map<string, Proposal>; lock: LockNotice | undefined; early: number }
}

export interface Strategy {
  /** A machine in place of the honest one. */
  readonly machine?: typeof Bft
  /** What goes to one peer in place of a message of its own. */
  readonly outgoing?: (liar: Liar, message: Message, to: number) => readonly Message[]
  /** Sees what arrives. */
  readonly seen?: (liar: Liar, message: Message) => void
  /** Two copies run with one key, each with half of the others. */
  readonly twins?: boolean
}

const sideOf = (liar: Liar, to: number): boolean => (to + liar.index) % 2 === 0

function signedVote(liar: Liar, like: Pick<Vote, 'height' | 'round' | 'phase'>, block: string | null): Vote {
  const body = { height: like.height, round: like.round, phase: like.phase, block }
  return { kind: 'vote', ...body, voter: liar.index, signature: liar.crypto.signVote(body) }
}

function signedProposal(liar: Liar, like: Proposal, payload: Uint8Array, validRound = like.validRound, lock = like.lock): Proposal {
  const id = liar.app.options.rules.read(payload)?.label.id ?? like.block
  const body = { height: like.height, round: like.round, validRound, block: id }
  return { kind: 'proposal', ...body, proposer: liar.index, payload, lock, signature: liar.crypto.signProposal(body) }
}

/** The second block of a round, made once. */
function otherProposal(liar: Liar, p: Proposal): Proposal {
  const key = `${p.height}/${p.round}`
  let other = liar.memory.other.get(key)
  if (other === undefined) {
    other = signedProposal(liar, p, liar.app.forge(p.payload, { round: p.round, txs: [p.height * 1_000_003 + p.round] }), -1, null)
    if (liar.memory.other.size > 64) liar.memory.other.clear()
    liar.memory.other.set(key, other)
  }
  return other
}

/** A block that somebody proposed at this height, other than the given one. */
function otherBlock(liar: Liar, height: number, block: string | null): string | null {
  for (const m of liar.memory.seen) if (m.kind === 'proposal' && m.height === height && m.block !== block) return m.block
  for (const p of liar.memory.other.values()) if (p.height === height && p.block !== block) return p.block
  return null
}

const everyone = (liar: Liar, message: Message): void => {
  for (let to = 0; to < liar.nodes; to++) if (to !== liar.index) liar.say(message, to)
}

const equivocateProposals = (liar: Liar, m: Message, to: number): readonly Message[] =>
  m.kind === 'proposal' && sideOf(liar, to) ? [otherProposal(liar, m)] : [m]

const equivocateVotes = (liar: Liar, m: Message, to: number): readonly Message[] =>
  m.kind === 'vote' && sideOf(liar, to) ? [signedVote(liar, m, otherBlock(liar, m.height, m.block))] : [m]

/** A good block of an earlier round of the height, other than the one that its votes stand behind. */
function olderBlock(liar: Liar, p: Proposal): Uint8Array | undefined {
  const { leaderOf } = liar.app.setup()
  for (let round = p.round - 1; round >= 0; round--)
    if (leaderOf(round) === liar.index)
      return liar.app.forge(p.payload, { round, proposer: liar.index, txs: [p.round], seed: liar.app.ownSeed() })
  const seen = liar.memory.seen.find((m) => m.kind === 'proposal' && m.height === p.height && m.round < p.round && m.block !== p.block)
  return seen?.kind === 'proposal' ? seen.payload : undefined
}

/** Everybody is said to have signed. */
const forgedQuorum = (liar: Liar) => ({
  block: toHex(noise(liar.random, 32)),
  signers: bitsOf(Array.from({ length: liar.nodes }).keys(), liar.nodes),
  signature: noise(liar.random, 96),
})

const forgedLock = (liar: Liar, p: Proposal, block: string): Quorum => {
  const old = liar.memory.lock?.quorum
  const base = { ...forgedQuorum(liar), height: p.height, round: p.round - 1, phase: 'prevote', block } as const
  return old === undefined || liar.random() < 0.5 ? base : { ...base, signers: old.signers, signature: old.signature }
}

export const STRATEGIES: Readonly<Record<string, Strategy>> = {
  silent: { outgoing: () => [] },
  'equivocate-proposals': { outgoing: equivocateProposals },
  'equivocate-votes': { outgoing: equivocateVotes },
  'equivocate-all': {
    machine: UnlockedBft,
    outgoing: (liar, m, to) => (m.kind === 'proposal' ? equivocateProposals(liar, m, to) : equivocateVotes(liar, m, to)),
  },
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
  'split-brain': { twins: true },
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
      return [signedProposal(liar, m, payload, m.round - 1, forgedLock(liar, m, id))]
    },
  },
  selective: { outgoing: (liar, m, to) => (to % 3 === ('height' in m ? m.height : 0) % 3 ? [] : [m]) },
  censor: {
    outgoing: (liar, m) =>
      m.kind === 'proposal' && m.validRound < 0 ? [signedProposal(liar, m, liar.app.forge(m.payload, { txs: [] }))] : [m],
  },
  flooder: {
    seen: (liar, m) => {
      if (m.kind === 'want' || liar.random() > 0.1) return
      const height = liar.app.head.height + 1
      const to = Math.floor(liar.random() * liar.nodes)
      if (to === liar.index) return
      for (let i = 0; i < 12; i++) {
        const like = {
          height: i % 2 === 0 ? height : height + 1 + i,
          round: Math.floor(liar.random() * 100_000),
          phase: 'prevote' as const,
        }
        liar.say(i % 3 === 0 ? { ...signedVote(liar, like, null), signature: noise(liar.random, 96) } : signedVote(liar, like, null), to)
      }
      liar.say({ kind: 'want', height: 1 }, to)
    },
  },
  // final blocks that nobody made, so that nobody waits behind the last one
  'false-final': {
    seen: (liar, m) => {
      if (m.kind !== 'vote' || m.phase !== 'precommit' || liar.random() > 0.3) return
      for (const ahead of [1, 2]) {
        const quorum = { ...forgedQuorum(liar), height: m.height + ahead, round: 0, phase: 'precommit' } as const
        everyone(liar, { kind: 'final', certificate: quorum, payload: noise(liar.random, 32) })
      }
    },
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
  // locks that never were, and old ones under other names
  'false-lock': {
    seen: (liar, m) => {
      if (m.kind !== 'proposal' || liar.random() > 0.3) return
      const round = m.round + Math.floor(liar.random() * 3)
      const quorum = { ...forgedQuorum(liar), height: m.height, round, phase: 'prevote', block: m.block } as const
      everyone(liar, { kind: 'lock', quorum, payload: m.payload })
      const old = liar.memory.lock
      if (old !== undefined) everyone(liar, { ...old, quorum: { ...old.quorum, height: m.height, round } })
    },
  },
}

/** Remembers what passed, within bounds. */
export function remember(liar: Liar, message: Message): void {
  const { seen } = liar.memory
  if (message.kind === 'lock') liar.memory.lock = message
  if (message.kind === 'want' || message.kind === 'final') return
  if (seen.length >= 128) seen[Math.floor(liar.random() * seen.length)] = message
  else seen.push(message)
}
