/** Messages of one height by round, within bounds: nobody can make a node hold more than a few rounds of its own votes. */
import type { Proposal, Member } from '../messages/index.ts'
import { Tally } from './tally.ts'

/** Rounds ahead of the present one that are kept of one member: its highest. */
export const ROUNDS_AHEAD = 2
/** Rounds behind the present one that are kept: a quorum of an older one arrives as a certificate. */
export const ROUNDS_BEHIND = 16

export class RoundLog {
  proposal: Proposal | undefined
  readonly prevote = new Tally()
  readonly precommit = new Tally()
  /** Timers of this round that run already. */
  prevoteTimer = false
  precommitTimer = false
  /** The quorum of prevotes was acted upon. */
  locked = false
}

export class RoundBook {
  readonly #logs = new Map<number, RoundLog>()
  /** Member -> rounds ahead in which something of it is kept, ascending. */
  readonly #ahead = new Map<number, number[]>()
  /** Members whose offence was told: a vote key is punished once, and who signs twice in every round to come would fill any list. */
  readonly #told = new Set<number>()

  /** The log of a round; made when it is not there. */
  at(round: number): RoundLog {
    let log = this.#logs.get(round)
    if (log === undefined) {
      log = new RoundLog()
      this.#logs.set(round, log)
    }
    return log
  }

  /** The log of a round, if there is one. */
  get(round: number): RoundLog | undefined {
    return this.#logs.get(round)
  }

  /** Members of which something is kept of a round ahead. */
  ahead(): Iterable<number> {
    return this.#ahead.keys()
  }

  /** All rounds that are kept. */
  all(): Iterable<readonly [number, RoundLog]> {
    return this.#logs
  }

  get size(): number {
    return this.#logs.size
  }

  /** True when a message of a member and round may be kept; makes place for a higher round by forgetting its lowest. */
  admit(member: number, round: number, present: number, members: readonly Member[]): boolean {
    if (round < present - ROUNDS_BEHIND) return false
    if (round <= present) return true
    const rounds = this.#ahead.get(member)
    if (rounds === undefined) {
      this.#ahead.set(member, [round])
      return true
    }
    if (rounds.includes(round)) return true
    if (rounds.length < ROUNDS_AHEAD) {
      rounds.push(round)
      rounds.sort((a, b) => a - b)
      return true
    }
    const lowest = rounds[0] as number
    if (round < lowest) return false
    rounds[0] = round
    rounds.sort((a, b) => a - b)
    const log = this.#logs.get(lowest)
    if (log !== undefined) {
      const power = members[member] as Member
      log.prevote.remove(member, power)
      log.precommit.remove(member, power)
      if (log.proposal?.proposer === member) log.proposal = undefined
      if (log.prevote.total === 0 && log.precommit.total === 0 && log.proposal === undefined) this.#logs.delete(lowest)
    }
    return true
  }

  /** The highest round ahead of the present one that members of enough power have reached, if there is one. */
  reached(present: number, members: readonly Member[], enough: (power: number) => boolean): number | undefined {
    if (this.#ahead.size === 0) return undefined
    const tops = [...this.#ahead].map(([member, rounds]) => [Math.max(...rounds), (members[member] as Member).power] as const)
    tops.sort((a, b) => b[0] - a[0])
    let power = 0
    for (const [round, own] of tops) {
      if (round <= present) return undefined
      power += own
      if (enough(power)) return round
    }
    return undefined
  }

  /** The present round moved on. */
  moved(present: number): void {
    for (const [member, rounds] of this.#ahead) {
      const left = rounds.filter((r) => r > present)
      if (left.length === 0) this.#ahead.delete(member)
      else this.#ahead.set(member, left)
    }
    for (const round of this.#logs.keys()) if (round < present - ROUNDS_BEHIND) this.#logs.delete(round)
  }

  /** True the first time that an offence of a member is told. */
  tell(member: number): boolean {
    if (this.#told.has(member)) return false
    this.#told.add(member)
    return true
  }
}
