/**
 * The votes of one height on their way from hearsay to power that counts: a vote waits until it could matter, is checked together with others, and is
 * counted where it holds. Two of one place that both hold are evidence.
 */
import { equalBytes, totalPower } from '../../core/index.ts'
import { checkMany } from './check-many.ts'
import { voteEvidence, type BlockId, type Vote, type BftCrypto, type Member, isQuorum } from '../messages/index.ts'
import type { BftEffect, Refusal } from './events.ts'
import { ROUNDS_BEHIND, RoundBook } from './rounds.ts'
import { MAX_ROUND } from './timeouts.ts'
import { WaitingVotes, type HeardVote } from './waiting-votes.ts'

export interface BallotsOptions {
  /** The set of the height. */
  readonly members: readonly Member[]
  readonly crypto: Pick<BftCrypto, 'verifyVotes'>
  /** May votes wait until they could matter? */
  readonly wait: boolean
  /** Takes refusals and evidence. */
  readonly emit: (effect: BftEffect) => void
}

export class Ballots {
  /** What was checked and counted, with the proposals of each round. */
  readonly book = new RoundBook()
  readonly total: number
  readonly #options: BallotsOptions
  readonly #waiting = new WaitingVotes()

  constructor(options: BallotsOptions) {
    this.#options = options
    this.total = totalPower(options.members)
  }

  /** Votes that wait, and rounds that are kept. */
  get size(): number {
    return this.#waiting.size + this.book.size
  }

  /** Takes a vote that came while `present` is the round at work; what is refused of it after a check is told as an effect. */
  hear(heard: HeardVote, present: number): Refusal | undefined {
    const { vote } = heard
    const { voter, round, phase } = vote
    const member = this.#options.members[voter]
    if (member === undefined) return 'member'
    if (!(round >= Math.max(0, present - ROUNDS_BEHIND) && round <= MAX_ROUND)) return 'round'
    const known = this.book.get(round)?.[phase].of(voter)
    if (known !== undefined && known.block === vote.block) return 'duplicate'
    const waiting = this.#waiting.of(vote)
    if (waiting !== undefined && waiting.block === vote.block && equalBytes(waiting.signature, vote.signature)) return 'duplicate'
    // two of one place: one is bad, or there is evidence
    const strange = known !== undefined || waiting !== undefined
    if (strange || round < present - 1 || !this.#options.wait || this.#waiting.full(voter, present))
      this.#check([...this.#take((h) => h.vote.voter === voter), heard], present)
    else this.#waiting.add(heard, member)
    return undefined
  }

  /** Counts a vote that needs no check: an own one, or one that was checked before a restart. The first of its place counts. */
  count(vote: Vote): void {
    const tally = this.book.at(vote.round)[vote.phase]
    if (tally.of(vote.voter) === undefined) tally.add(vote, this.#options.members[vote.voter] as Member)
  }

  /** Checks what could make a rule of the present round fire. */
  checkDue(present: number): void {
    this.#check(this.#waiting.due(present, this.book, this.#options.members, this.total), present)
  }

  /** Checks those that wait and are wanted. */
  checkThose(wanted: (vote: Vote) => boolean, present: number): void {
    this.#check(
      this.#take(({ vote }) => wanted(vote)),
      present,
    )
  }

  /** A round and block with enough precommits, if there is one. */
  decided(): readonly [number, BlockId] | undefined {
    for (const [round, log] of this.book.all()) {
      const block = log.precommit.find((power) => isQuorum(power, this.total))
      if (block !== undefined) return [round, block]
    }
    return undefined
  }

  /** The precommits that ended a round: empty where there were not enough. */
  endOf(round: number): readonly Vote[] {
    const precommits = this.book.get(round)?.precommit
    return precommits !== undefined && isQuorum(precommits.total, this.total) ? [...precommits.all()] : []
  }

  #take(wanted: (heard: HeardVote) => boolean): HeardVote[] {
    return this.#waiting.take(wanted, this.#options.members)
  }

  /** Checks votes together and counts those that hold. Of a peer that showed a bad one nothing waits any longer. */
  #check(heard: readonly HeardVote[], present: number): void {
    if (heard.length === 0) return
    const { members, crypto, emit } = this.#options
    const votes = heard.map(({ vote }) => ({ body: vote, member: members[vote.voter] as Member, signature: vote.signature }))
    const good = checkMany(votes, (some) => crypto.verifyVotes(some))
    const liars = new Set<string>()
    for (const [i, { from, vote }] of heard.entries()) {
      const why = good[i] === true ? this.#countChecked(vote, present) : 'signature'
      if (why !== undefined) emit({ type: 'refuse', from, why })
      if (why === 'signature') liars.add(from)
    }
    if (liars.size > 0)
      this.#check(
        this.#take(({ from }) => liars.has(from)),
        present,
      )
  }

  #countChecked(vote: Vote, present: number): Refusal | undefined {
    const { members, emit } = this.#options
    if (!this.book.admit(vote.voter, vote.round, present, members)) return 'round'
    const tally = this.book.at(vote.round)[vote.phase]
    const first = tally.of(vote.voter)
    if (first === undefined) {
      tally.add(vote, members[vote.voter] as Member)
      return undefined
    }
    if (first.block === vote.block) return 'duplicate'
    if (this.book.tell(vote.voter)) emit({ type: 'evidence', evidence: voteEvidence(first, vote) })
    return undefined
  }
}
