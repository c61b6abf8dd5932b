/** Verdict votes that wait for a block: checked, one of each member and height. */
import { bitsOf, eitherBits, hasBit, totalPower, type Validator } from '../../core/index.ts'
import type { ChainCrypto } from '../crypto-port.ts'
import { encodeBlockVerdict, signedPower, VERDICT_BLOCKS, type VerdictVote } from './verdict.ts'
import type { RewardRecord } from './reward.ts'

export class VerdictPool {
  readonly #votes = new Map<number, Map<number, VerdictVote>>()

  /** The vote of a member on a height, if it is known. */
  of(height: number, voter: number): VerdictVote | undefined {
    return this.#votes.get(height)?.get(voter)
  }

  /** Power of those that say the same on a height. */
  power(height: number, ok: boolean, set: readonly Validator[]): number {
    const votes = this.#votes.get(height)?.values() ?? []
    return [...votes].reduce((sum, v) => (v.ok === ok ? sum + (set[v.voter]?.power ?? 0) : sum), 0)
  }

  /** Takes a checked vote; the first of a member counts. */
  add(vote: VerdictVote): void {
    const votes = this.#votes.get(vote.height) ?? new Map<number, VerdictVote>()
    this.#votes.set(vote.height, votes)
    if (!votes.has(vote.voter)) votes.set(vote.voter, vote)
  }

  /** Forgets what no block above `head` may carry. */
  forget(head: number): void {
    for (const height of this.#votes.keys()) if (height <= head - VERDICT_BLOCKS) this.#votes.delete(height)
  }

  /** What the block at `height` may carry: votes on open records that no block has counted. `setAt` gives the set of a height. */
  collect(
    height: number,
    recordAt: (height: number) => RewardRecord | undefined,
    setAt: (height: number) => readonly Validator[],
    crypto: Pick<ChainCrypto, 'blsAggregate'>,
  ): Uint8Array[] {
    const out: Uint8Array[] = []
    for (let at = Math.max(1, height - VERDICT_BLOCKS); at < height; at++) {
      const record = recordAt(at)
      if (record?.status !== 'pending') continue
      const set = setAt(at)
      const counted = eitherBits(record.yes, record.no)
      const votes = [...(this.#votes.get(at)?.values() ?? [])].filter((v) => !hasBit(counted, v.voter)).sort((a, b) => a.voter - b.voter)
      for (const ok of [false, true]) {
        const same = votes.filter((v) => v.ok === ok)
        if (same.length === 0) continue
        const signers = bitsOf(
          same.map((v) => v.voter),
          set.length,
        )
        out.push(encodeBlockVerdict({ height: at, ok, signers, signature: crypto.blsAggregate(same.map((v) => v.signature)) }))
        // what decides against it closes the record: nothing more may stand behind it
        if (!ok && signedPower(eitherBits(record.no, signers), set) * 2 > totalPower(set)) break
      }
    }
    return out
  }
}
