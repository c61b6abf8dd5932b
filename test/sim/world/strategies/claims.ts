/** Liars who say what nobody signed, or say far too much: certificates, locks, final blocks, and floods. */
import type { FinalNotice, Message, Proposal, Quorum, Vote } from '../../../../runtime/consensus/messages/index.ts'
import { bitsOf } from '../../../../runtime/core/index.ts'
import { noise } from '../small-chain.ts'
import { everyone, forgedQuorum, isOpen, signedVote, type Liar, type Strategy } from './liar.ts'
import { equivocateProposals } from './proposals.ts'

const PAYLOAD = new Uint8Array(64 * 1_024)

/** True votes like one, with the own signature beside them as often as votes are missing, under bits that say that it is enough. */
function stuffed(liar: Liar, like: Vote & { readonly block: string }): Quorum {
  const { height, round, phase, block } = like
  const same = liar.memory.seen.filter(
    (m): m is Vote => m.kind === 'vote' && m.height === height && m.round === round && m.phase === phase && m.block === block,
  )
  const votes = [...new Map(same.map((v) => [v.voter, v])).values()]
  const own = signedVote(liar, like, block)
  const signature = liar.crypto.aggregate([
    ...votes.map((v) => v.signature),
    ...Array.from({ length: Math.max(1, liar.nodes - votes.length) }, () => own.signature),
  ])
  const voters = [...votes.map((v) => v.voter), liar.index]
  const bits = bitsOf(voters, liar.nodes)
  const fields: readonly Uint8Array[] = [
    bitsOf(Array.from({ length: liar.nodes }).keys(), liar.nodes),
    // beyond the set, and the own bit in bytes that there are not
    bits.map((byte, i) => (i === bits.length - 1 ? 0xff : byte)),
    Uint8Array.from([...bits, ...bits, ...bits]),
    bits,
  ]
  return { height, round, phase, block, signers: fields[Math.floor(liar.random() * fields.length)] as Uint8Array, signature }
}

const proposalsAt = (liar: Liar, height: number): Proposal[] =>
  [...liar.memory.seen, ...liar.memory.other.values()].filter((m): m is Proposal => m.kind === 'proposal' && m.height === height)

/** Final blocks of a height that are none: the right certificate over another block, that of another height, prevotes, a bit more than signed. */
function falseFinals(liar: Liar, height: number): FinalNotice[] {
  const own = liar.app.finalAt(height)
  const other = liar.app.finalAt(height - 1) ?? liar.app.finalAt(height + 1)
  if (own === undefined || other === undefined) return []
  const { certificate, payload } = own
  const forged = liar.app.forge(payload, { txs: [height] })
  const block = liar.app.options.rules.read(forged)?.label.id ?? certificate.block
  return [
    { ...own, payload: other.payload },
    { kind: 'final', certificate: { ...other.certificate, height }, payload },
    { kind: 'final', certificate: { ...certificate, block }, payload: forged },
    { kind: 'final', certificate: { ...certificate, phase: 'prevote' }, payload },
    { kind: 'final', certificate: { ...certificate, signers: certificate.signers.map((byte) => byte | 1) }, payload },
    other,
  ]
}

export const CLAIMS: Readonly<Record<string, Strategy>> = {
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
  // quorums that are short of votes, made up by its own signature again and again
  'stuff-certificates': {
    outgoing: equivocateProposals,
    seen: (liar, m) => {
      if (m.kind !== 'vote' || !isOpen(liar, m) || liar.random() > 0.3) return
      const proposals = proposalsAt(liar, m.height)
      const proposal = proposals[Math.floor(liar.random() * proposals.length)]
      if (proposal === undefined) return
      const { block, payload } = proposal
      const quorum = stuffed(liar, { ...m, block })
      const to = Math.floor(liar.random() * liar.nodes)
      if (to === liar.index) return
      liar.say(m.phase === 'prevote' ? { kind: 'lock', quorum, payload } : { kind: 'final', certificate: quorum, payload }, to)
    },
  },
  // draws those that are behind to itself, and gives them blocks that are not those of the chain
  'false-server': {
    outgoing: (_liar, m) => (m.kind === 'final' ? [] : [m]),
    seen: (liar, m, from) => {
      if (m.kind === 'want') for (const final of falseFinals(liar, m.height)) liar.say(final, from)
      else if (m.kind === 'vote' && liar.random() < 0.05) {
        liar.say(signedVote(liar, { ...m, height: m.height + 1 + Math.floor(liar.random() * 4) }, null), from)
        for (const final of falseFinals(liar, m.height - Math.floor(liar.random() * 3))) liar.say(final, from)
      }
    },
  },
  // gives those that are behind what they ask for, each block long after they asked
  'slow-server': {
    outgoing: (liar, m, to) => {
      if (m.kind !== 'final') return [m]
      liar.say(m, to, 5_000 + liar.random() * 20_000)
      return []
    },
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
  // precommits of heights behind and ahead, well signed and not, and final blocks of heights to come as large as they may be
  'flood-heights': {
    seen: (liar, m) => {
      if (m.kind !== 'vote' || liar.random() > 0.1) return
      const messages: Message[] = []
      for (let by = -6; by <= 12; by++) {
        const like = { height: Math.max(1, m.height + by), round: Math.floor(liar.random() * 3), phase: 'precommit' } as const
        const vote = signedVote(liar, like, liar.random() < 0.5 ? null : m.block)
        messages.push(liar.random() < 0.3 ? { ...vote, signature: noise(liar.random, 96) } : vote)
        if (by > 0) messages.push({ kind: 'final', certificate: { ...forgedQuorum(liar), ...like }, payload: PAYLOAD })
      }
      const to = Math.floor(liar.random() * liar.nodes)
      if (to !== liar.index) for (const message of messages) liar.say(message, to)
    },
  },
}
