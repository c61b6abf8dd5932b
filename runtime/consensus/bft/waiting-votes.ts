/**
 * Votes that were heard and are not checked yet. A rule asks for the power behind something, so a signature says nothing new until the power that is claimed
 * would be enough: then all that would make it enough are checked together. What no rule waits for is never checked.
 */
import type { Peer } from './events.ts'
import { type Vote, type Member, holdsHonest, isQuorum } from '../messages/index.ts'
import type { RoundBook } from './rounds.ts'
import { Tally } from './tally.ts'

export interface HeardVote {
  readonly from: Peer
  readonly vote: Vote
}

interface Place {
  readonly round: number
  readonly phase: Vote['phase']
  /** What the votes claim. */
  readonly claims: Tally
  readonly from: Map<number, Peer>
}

/** Votes of one member that wait in rounds ahead of the present one; with one more they are checked. */
const AHEAD_OF_MEMBER = 4

export class WaitingVotes {
  readonly #places = new Map<string, Place>()
  #size = 0

  /** Votes held, at most one of a member, round and phase, and the places that they are of. */
  get size(): number {
    return this.#size + this.#places.size
  }

  of({ voter, round, phase }: Pick<Vote, 'voter' | 'round' | 'phase'>): Vote | undefined {
    return this.#places.get(`${round}/${phase}`)?.claims.of(voter)
  }

  /** Keeps a vote of a place from which none waits. */
  add({ from, vote }: HeardVote, member: Member): void {
    const { round, phase } = vote
    const key = `${round}/${phase}`
    let place = this.#places.get(key)
    if (place === undefined) {
      place = { round, phase, claims: new Tally(), from: new Map() }
      this.#places.set(key, place)
    }
    place.claims.add(vote, member)
    place.from.set(vote.voter, from)
    this.#size++
  }

  /** True when a member has as many rounds ahead as may wait. */
  full(voter: number, present: number): boolean {
    let held = 0
    for (const { round, claims } of this.#places.values()) if (round > present && claims.of(voter) !== undefined) held++
    return held >= AHEAD_OF_MEMBER
  }

  /** Takes those out that are wanted. */
  take(wanted: (heard: HeardVote) => boolean, members: readonly Member[]): HeardVote[] {
    return [...this.#places.values()].flatMap((place) => this.#takeOf(place, members, wanted))
  }

  /** Takes those out that could make a rule fire: as soon as there are none, the checked votes say all that the heard ones could. */
  due(present: number, book: RoundBook, members: readonly Member[], total: number): HeardVote[] {
    if (this.#size === 0) return []
    const out: HeardVote[] = []
    const ahead = new Set<number>()
    for (const place of this.#places.values()) {
      const { round, phase, claims } = place
      if (round > present) {
        for (const { voter } of claims.all()) ahead.add(voter)
        continue
      }
      const checked = book.get(round)?.[phase]
      const enough = (had: number, claimed: number): boolean => !isQuorum(had, total) && isQuorum(had + claimed, total)
      // lines 34 and 47, and whatever is asked of one block or of none
      if (round === present && enough(checked?.total ?? 0, claims.total)) out.push(...this.#takeOf(place, members, () => true))
      // lines 36, 44 and 49; the prevotes of rounds behind move nothing
      else if (round === present || phase === 'precommit')
        for (const block of claims.blocks())
          if (enough(checked?.for(block) ?? 0, claims.for(block)))
            out.push(...this.#takeOf(place, members, ({ vote }) => vote.block === block))
    }
    // line 55
    if (ahead.size > 0) {
      for (const member of book.ahead()) ahead.add(member)
      let power = 0
      for (const member of ahead) power += members[member]?.power ?? 0
      if (holdsHonest(power, total)) out.push(...this.take(({ vote }) => vote.round > present, members))
    }
    return out
  }

  #takeOf(place: Place, members: readonly Member[], wanted: (heard: HeardVote) => boolean): HeardVote[] {
    const out: HeardVote[] = []
    for (const vote of place.claims.all()) {
      const heard = { from: place.from.get(vote.voter) as Peer, vote }
      if (!wanted(heard)) continue
      out.push(heard)
      place.claims.remove(vote.voter, members[vote.voter] as Member)
      place.from.delete(vote.voter)
    }
    this.#size -= out.length
    if (place.from.size === 0) this.#places.delete(`${place.round}/${place.phase}`)
    return out
  }
}
