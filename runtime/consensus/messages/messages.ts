/** What validators say to each other. The algorithm is Tendermint's (arXiv 1807.04938), weighted by chips. */
import type { VotePhase } from '../../core/index.ts'

/** Hash of a block's header as lower-case hexadecimal: 64 digits. */
export type BlockId = string

/** What a vote signs, beside the chain's id. `block` null is a vote for none. */
export interface VoteBody {
  readonly height: number
  readonly round: number
  readonly phase: VotePhase
  readonly block: BlockId | null
}

/** A prevote or precommit. */
export interface Vote extends VoteBody {
  readonly kind: 'vote'
  /** Place of the voter in the height's set. */
  readonly voter: number
  /** BLS, 96 bytes. */
  readonly signature: Uint8Array
}

/** Votes of one phase, round and block, of more than 2/3 of the power, added up. Of precommits it is the block's certificate. */
export interface Quorum {
  readonly height: number
  readonly round: number
  readonly phase: VotePhase
  readonly block: BlockId
  /** Bit i (least significant first) is member i of the set. */
  readonly signers: Uint8Array
  /** Aggregate, 96 bytes. */
  readonly signature: Uint8Array
}

/** What a proposal signs, beside the chain's id. */
export interface ProposalBody {
  readonly height: number
  readonly round: number
  /** Round of the prevotes that justify proposing this block again; -1 for a new block. */
  readonly validRound: number
  readonly block: BlockId
}

/** A block for a round, new or one that was prevoted before. */
export interface Proposal extends ProposalBody {
  readonly kind: 'proposal'
  readonly proposer: number
  readonly payload: Uint8Array
  /** Prevotes for the block in `validRound`; null for a new block. */
  readonly lock: Quorum | null
  /** By the node key, 64 bytes. */
  readonly signature: Uint8Array
}

/** Prevotes that some validator may have locked on, with their block: whoever proposes next can propose it again. Proves itself. */
export interface LockNotice {
  readonly kind: 'lock'
  readonly quorum: Quorum
  readonly payload: Uint8Array
}

/** A final block for one that lies behind. Proves itself. */
export interface FinalNotice {
  readonly kind: 'final'
  readonly certificate: Quorum
  readonly payload: Uint8Array
}

/** What a validator says of the work behind a final block, after it ran the sampled operator again (docs/spec/cat.md). Proves itself. */
export interface Verdict {
  readonly kind: 'verdict'
  readonly height: number
  readonly block: BlockId
  readonly ok: boolean
  /** Place of the voter in the height's set. */
  readonly voter: number
  /** BLS, 96 bytes. */
  readonly signature: Uint8Array
}

/** Asks for verdicts on a final height: of those of its set that are not among these. */
export interface Lack {
  readonly kind: 'lack'
  readonly height: number
  /** Bit i (least significant first) is member i of the height's set. */
  readonly have: Uint8Array
}

/** Asks for the final blocks from a height on. */
export interface Want {
  readonly kind: 'want'
  readonly height: number
}

/** Everything that goes over the network. */
export type Message = Vote | Proposal | LockNotice | FinalNotice | Verdict | Lack | Want

/** Height that a message is of. */
export function heightOf(m: Message): number {
  switch (m.kind) {
    case 'vote':
    case 'proposal':
    case 'verdict':
    case 'lack':
    case 'want':
      return m.height
    case 'lock':
      return m.quorum.height
    case 'final':
      return m.certificate.height
  }
}
