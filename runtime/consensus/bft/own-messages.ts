/**
 * What this node signs at one height: in each round one proposal and one vote of each phase, durable before they leave (double-sign protection,
 * U7.2-DBL-1). What was said may be lost on the way, so that of the last two rounds is said again.
 */
import type { BftEffect } from './events.ts'
import type { BlockId, LockNotice, Proposal, Vote, BftCrypto, HeightSetup, SignedRow } from '../messages/index.ts'

/** What a node holds on to from round to round: it stands in each row. */
export interface Beliefs {
  readonly locked: SignedRow['locked']
  readonly valid: LockNotice | undefined
}

export class OwnMessages {
  readonly #setup: HeightSetup
  readonly #crypto: BftCrypto
  readonly #emit: (effect: BftEffect) => void
  #round = 0
  #signed: Pick<SignedRow, 'proposal' | 'prevote' | 'precommit'> = { proposal: undefined, prevote: undefined, precommit: undefined }
  /** The precommits that ended the round before: who is left behind needs them, and who said them may not say them again. */
  #before: readonly Vote[] = []
  #said: (Vote | Proposal)[] = []

  constructor(setup: HeightSetup, crypto: BftCrypto, emit: (effect: BftEffect) => void) {
    this.#setup = setup
    this.#crypto = crypto
    this.#emit = emit
  }

  /** Of the last two rounds: what is sent again. */
  get said(): readonly (Vote | Proposal)[] {
    return this.#said
  }

  /** Whether something was signed in a round. */
  saidIn(round: number): boolean {
    return this.#said.some((m) => m.round === round)
  }

  /** Whether a proposal of this round was signed. */
  get proposed(): boolean {
    return this.#signed.proposal !== undefined
  }

  /** Nothing of a new round is signed yet. `before`: the precommits that ended the one before it. */
  startRound(round: number, before: readonly Vote[]): void {
    this.#round = round
    this.#signed = { proposal: undefined, prevote: undefined, precommit: undefined }
    this.#before = before
    this.#said = this.#said.filter((m) => m.round >= round - 1)
  }

  /** Goes on in the round of a row. What it holds is said again by `sayProposal` and `sayVote`, never anything else. */
  restore({ round, proposal, prevote, precommit, before }: SignedRow): void {
    this.#round = round
    this.#signed = { proposal, prevote, precommit }
    this.#before = before
  }

  /** Proposes a block, a new one with `validRound` -1. */
  propose(block: BlockId, payload: Uint8Array, validRound: number, beliefs: Beliefs): Proposal {
    this.#signed = { ...this.#signed, proposal: { block, validRound, payload } }
    this.#persist(beliefs)
    return this.sayProposal(block, payload, validRound, beliefs)
  }

  /** Signs and sends a proposal that is durable. */
  sayProposal(block: BlockId, payload: Uint8Array, validRound: number, { valid }: Beliefs): Proposal {
    const { height, self } = this.#setup
    const body = { height, round: this.#round, validRound, block }
    const lock = validRound < 0 ? null : (valid?.quorum ?? null)
    const proposal: Proposal = {
      kind: 'proposal',
      ...body,
      proposer: self,
      payload,
      lock,
      signature: this.#crypto.signProposal(body),
    }
    this.#say(proposal)
    return proposal
  }

  vote(phase: Vote['phase'], block: BlockId | null, beliefs: Beliefs): Vote {
    this.#signed = { ...this.#signed, [phase]: block }
    this.#persist(beliefs)
    return this.sayVote(phase, block)
  }

  /** Signs and sends a vote that is durable. */
  sayVote(phase: Vote['phase'], block: BlockId | null): Vote {
    const { height, self } = this.#setup
    const body = { height, round: this.#round, phase, block }
    const vote: Vote = { kind: 'vote', ...body, voter: self, signature: this.#crypto.signVote(body) }
    this.#say(vote)
    return vote
  }

  #say(message: Vote | Proposal): void {
    this.#said.push(message)
    this.#emit({ type: 'send', message })
  }

  #persist({ locked, valid }: Beliefs): void {
    const kept = valid === undefined ? undefined : { quorum: valid.quorum, payload: valid.payload }
    const row = { height: this.#setup.height, round: this.#round, ...this.#signed, locked, valid: kept, before: this.#before }
    this.#emit({ type: 'persist', row })
  }
}
