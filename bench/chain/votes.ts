/**
 * What votes cost one seat of a large set: CPU of a round, from the first prevote that it hears to the certificate, with every seat's vote arriving from its own peer.
 * Beside it, in turns, the same with each signature checked alone.
 */
import { Bft, type BftEffect } from '../../runtime/consensus/bft/index.ts'
import { bftCrypto, type BftCrypto, type Member, type Vote } from '../../runtime/consensus/messages/index.ts'
import { cidOf, DAG_CBOR, digest, encode, sha256, toHex, utf8 } from '../../runtime/core/index.ts'
import * as crypto from '../../runtime/crypto/native.ts'
import { ratioOf, rowOf, type Row } from '../row.ts'

const CHAIN = cidOf(DAG_CBOR, utf8('votes'))
/** Heights that are measured; the one before warms up. */
const HEIGHTS = { 100: 6, 1_000: 2 } as const
type Seats = keyof typeof HEIGHTS

const payloadOf = (height: number): Uint8Array => encode([height])
const idOf = (height: number): string => toHex(digest('bench', payloadOf(height)))

interface Set {
  readonly members: readonly Member[]
  readonly ports: readonly BftCrypto[]
}

function setOf(seats: number): Set {
  const keys = Array.from({ length: seats }, (_, i) => {
    const secret = sha256(encode([i]))
    return { secret, bls: crypto.blsKeygen(secret) }
  })
  return {
    members: keys.map(({ secret, bls }) => ({ key: crypto.publicKeyEd25519(secret), bls: crypto.blsPublicKey(bls), power: 1 })),
    ports: keys.map(({ secret, bls }) =>
      bftCrypto(
        CHAIN,
        { voter: { sign: (message) => crypto.blsSign(message, bls) }, signNode: (message) => crypto.signEd25519(message, secret) },
        crypto,
      ),
    ),
  }
}

/** CPU seconds of one seat for a height: it is seat 0, and leads. All signing of the others was done before. */
function cpuOfHeight({ members }: Set, height: number, votes: readonly Vote[], own: BftCrypto): number {
  const bft = new Bft({ crypto: own, labelOf: () => ({ id: idOf(height), height, round: 0 }) })
  let final = false
  const drive = (effects: readonly BftEffect[]): void => {
    for (const e of effects) {
      if (e.type === 'build') drive(bft.step({ type: 'built', height, round: 0, payload: payloadOf(height) }))
      if (e.type === 'check') drive(bft.step({ type: 'checked', height, block: e.block, valid: true, timely: true }))
      if (e.type === 'commit') final = true
      if (e.type === 'refuse' && e.why !== 'stale') throw new Error(`refused: ${e.why}`)
    }
  }
  const before = process.cpuUsage()
  drive(bft.step({ type: 'enter', setup: { height, members, self: 0, leaderOf: () => 0 } }))
  for (const vote of votes) drive(bft.step({ type: 'message', from: String(vote.voter), message: vote }))
  const { user, system } = process.cpuUsage(before)
  if (!final) throw new Error('the block is not final')
  return (user + system) / 1e6
}

const votesOf = ({ ports }: Set, height: number): Vote[] =>
  (['prevote', 'precommit'] as const).flatMap((phase) =>
    ports.slice(1).map((port, i) => {
      const body = { height, round: 0, phase, block: idOf(height) }
      return { kind: 'vote', ...body, voter: i + 1, signature: port.signVote(body) }
    }),
  )

export async function voteRows(emit: (row: Row) => void): Promise<void> {
  crypto.useNativeHashes()
  for (const seats of [100, 1_000] as const satisfies readonly Seats[]) {
    const set = setOf(seats)
    const own = set.ports[0] as BftCrypto
    const alone: BftCrypto = { ...own, verifyVotes: (votes) => votes.every((v) => own.verifyVote(v.body, v.member, v.signature)) }
    const together: number[] = []
    const single: number[] = []
    for (let height = 1; height <= 2 * HEIGHTS[seats] + 1; height++) {
      // signatures that nobody has seen, for either way
      const took = cpuOfHeight(set, height, votesOf(set, height), height % 2 === 0 ? alone : own)
      if (height > 1) (height % 2 === 0 ? single : together).push(took)
    }
    emit(
      rowOf('chain', {
        id: `chain.overhead.votes-${seats}`,
        row: `share of one core that the votes of one of ${seats} seats take at a block a second`,
        unit: 'share',
        values: together,
      }),
    )
    emit(
      rowOf('chain', {
        id: `chain.overhead.votes-alone-${seats}`,
        row: 'the same with each signature checked alone',
        unit: 'share',
        values: single,
      }),
    )
    emit(
      ratioOf('chain', {
        id: `chain.overhead.batch-${seats}`,
        row: `votes of one of ${seats} seats: each signature checked alone, over those that could matter checked together`,
        peer: 'together',
        ours: single,
        theirs: together,
      }),
    )
  }
}
