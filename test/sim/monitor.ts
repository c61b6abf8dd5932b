/** Sees everything that anybody signs and commits, and holds it against what the protocol promises. */
import type { BlockId, FinalNotice, Member, Vote } from '../../runtime/consensus/messages/index.ts'

interface Count {
  readonly voters: Set<number>
  power: number
}

/** Rounds within which every honest node commits again once the network is whole. */
export const HEAL_ROUNDS = 24
/** Heights of votes that are kept. */
const WINDOW = 40

export class Monitor {
  /** Heights at which two blocks got, or could get, a certificate. */
  readonly conflicts: { readonly height: number; readonly why: string }[] = []
  /** Everything else that went against a promise. */
  readonly faults: string[] = []
  readonly commits = new Map<number, BlockId>()
  highest = 0
  /** The highest round that a committed certificate is of. */
  highestRound = 0
  readonly leaders: number[]
  readonly expected: number[]
  readonly #votes = new Map<number, Map<string, Count>>()
  readonly #certified = new Map<number, BlockId>()
  readonly #members: (height: number) => readonly Member[]

  constructor(nodes: number, members: (height: number) => readonly Member[]) {
    this.leaders = Array.from({ length: nodes }, () => 0)
    this.expected = Array.from({ length: nodes }, () => 0)
    this.#members = members
  }

  /** A validly signed vote, shown to anybody: two certificates count even if no honest node has put them together. */
  vote(vote: Vote): void {
    if (vote.phase !== 'precommit' || vote.block === null || vote.height + WINDOW < this.highest) return
    let height = this.#votes.get(vote.height)
    if (height === undefined) {
      height = new Map()
      this.#votes.set(vote.height, height)
    }
    const key = `${vote.round}/${vote.block}`
    let count = height.get(key)
    if (count === undefined) {
      count = { voters: new Set(), power: 0 }
      height.set(key, count)
    }
    if (count.voters.has(vote.voter)) return
    count.voters.add(vote.voter)
    const members = this.#members(vote.height)
    count.power += members[vote.voter]?.power ?? 0
    if (count.power * 3 > members.reduce((n, m) => n + m.power, 0) * 2) this.#certify(vote.height, vote.block, 'votes')
  }

  #certify(height: number, block: BlockId, why: string): void {
    const known = this.#certified.get(height)
    if (known === undefined) this.#certified.set(height, block)
    else if (known !== block && !this.conflicts.some((c) => c.height === height)) this.conflicts.push({ height, why })
  }

  /** An honest node made a block final; it draws the first leader of the next height. */
  commit(node: number, final: FinalNotice, next: number, leader: number): void {
    const { height, block: id, round } = final.certificate
    const known = this.commits.get(height)
    if (known !== undefined && known !== id && !this.conflicts.some((c) => c.height === height))
      this.conflicts.push({ height, why: `node ${node} made another block final` })
    this.#certify(height, id, 'certificates')
    this.highestRound = Math.max(this.highestRound, round)
    if (known !== undefined) return
    this.commits.set(height, id)
    this.highest = Math.max(this.highest, height)
    const members = this.#members(next)
    const total = members.reduce((n, m) => n + m.power, 0)
    this.leaders[leader] = (this.leaders[leader] as number) + 1
    for (const [i, m] of members.entries()) this.expected[i] = (this.expected[i] as number) + m.power / total
    if (this.#votes.size > WINDOW) for (const h of this.#votes.keys()) if (h < this.highest - WINDOW) this.#votes.delete(h)
  }

  fault(what: string): void {
    if (this.faults.length < 20) this.faults.push(what)
  }

  /** The furthest that a node's share of first leaders lies from its power, in standard deviations. */
  worstSigma(): number {
    const heights = this.commits.size
    let worst = 0
    for (const [i, expected] of this.expected.entries()) {
      const p = expected / heights
      const sigma = Math.sqrt(heights * p * (1 - p))
      if (sigma > 0) worst = Math.max(worst, Math.abs((this.leaders[i] as number) - expected) / sigma)
    }
    return worst
  }
}
