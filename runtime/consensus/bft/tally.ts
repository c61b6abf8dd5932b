/** The votes of one round and phase: the first of each member counts, a second that differs is evidence. */
import type { BlockId, Vote, Member } from '../messages/index.ts'

export class Tally {
  readonly #votes = new Map<number, Vote>()
  readonly #power = new Map<BlockId | null, number>()
  #total = 0

  /** Power of all that voted. */
  get total(): number {
    return this.#total
  }

  of(voter: number): Vote | undefined {
    return this.#votes.get(voter)
  }

  /** Power that voted for a block, or for none. */
  for(block: BlockId | null): number {
    return this.#power.get(block) ?? 0
  }

  /** The block with the given property of its power, if there is one. */
  find(enough: (power: number) => boolean): BlockId | undefined {
    for (const [block, power] of this.#power) if (block !== null && enough(power)) return block
    return undefined
  }

  /** What was voted for, null for none. */
  blocks(): (BlockId | null)[] {
    return [...this.#power].flatMap(([block, power]) => (power > 0 ? [block] : []))
  }

  all(): Iterable<Vote> {
    return this.#votes.values()
  }

  votesFor(block: BlockId): Vote[] {
    return [...this.#votes.values()].filter((v) => v.block === block)
  }

  /** Counts a checked vote of a member that has none here. */
  add(vote: Vote, member: Member): void {
    this.#votes.set(vote.voter, vote)
    this.#power.set(vote.block, this.for(vote.block) + member.power)
    this.#total += member.power
  }

  remove(voter: number, member: Member): void {
    const vote = this.#votes.get(voter)
    if (vote === undefined) return
    this.#votes.delete(voter)
    this.#power.set(vote.block, this.for(vote.block) - member.power)
    this.#total -= member.power
  }
}
