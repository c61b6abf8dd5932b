/** What the machine needs of the outside: keys, blocks' names, and who is in the set. All pure. */
import type { BlockId, ProposalBody, VoteBody } from './messages.ts'

/** A member of a height's set. */
export interface Member {
  /** ed25519 node key. */
  readonly key: Uint8Array
  /** BLS vote key. */
  readonly bls: Uint8Array
  readonly power: number
}

/** A vote as it came: what it says, whose it is said to be, and the signature. */
export interface SignedVote {
  readonly body: VoteBody
  readonly member: Member
  readonly signature: Uint8Array
}

/** The keys of this node and the check of everybody's. Signatures cover the chain id; the port knows it. */
export interface BftCrypto {
  signVote(body: VoteBody): Uint8Array
  verifyVote(body: VoteBody, member: Member, signature: Uint8Array): boolean
  /** True when all hold, each alone: signatures that only add up to a valid sum do not. */
  verifyVotes(votes: readonly SignedVote[]): boolean
  signProposal(body: ProposalBody): Uint8Array
  verifyProposal(body: ProposalBody, member: Member, signature: Uint8Array): boolean
  aggregate(signatures: readonly Uint8Array[]): Uint8Array
  verifyQuorum(body: VoteBody, members: readonly Member[], signature: Uint8Array): boolean
}

/** What a payload says of itself, before anything is run. */
export interface BlockLabel {
  readonly id: BlockId
  readonly height: number
  /** Round that the header names: the one in which the block was new. */
  readonly round: number
}

/** One height: whose votes count, and who leads each round. */
export interface HeightSetup {
  readonly height: number
  readonly members: readonly Member[]
  /** Own place; -1 of a node that only follows. */
  readonly self: number
  /** Place of the leader of a round. */
  leaderOf(round: number): number
}

/** Checks of signatures, and names of blocks. */
export interface BftPorts {
  readonly crypto: BftCrypto
  /** Undefined when the payload is no block. */
  labelOf(payload: Uint8Array): BlockLabel | undefined
}
