/** Verdict votes that wait for a block: checked, one of each member and height. */
import { bitsOf, totalPower, type Validator } from '../../core/index.ts'
import type { ChainCrypto } from '../crypto-port.ts'
import { encodeBlockVerdict, VERDICT_BLOCKS, type VerdictVote } from './verdict.ts'
import type { RewardRecord } from './reward.ts'

export class VerdictPool {
  readonly #votes = new Map<number, Map<number, VerdictVote>>()

  /** The vote of a member on a height, if it is known. */
  of(height: number, voter: number): VerdictVote | undefined {
    return this.#votes.get(height)?.get(voter)
  }

  /** All votes on a height that are known. */
  all(height: number): readonly VerdictVote[] {
    return [...(this.#votes.get(height)?.values() ?? [])]
  }

  /** Power of those that say the same on a height. */
  power(height: number, ok: boolean, set: readonly Validator[]): number {
    return this.all(height).reduce((sum, v) => (v.ok === ok ? sum + (set[v.voter]?.power ?? 0) : sum), 0)
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

  /** What the block at `height` may carry: votes of more than half of the power on records that are open. `resultAt` gives what those voters came to. */
  collect(
    height: number,
    recordAt: (height: number) => RewardRecord | undefined,
    setAt: (height: number) => readonly Validator[],
    resultAt: (height: number) => Uint8Array | undefined,
    crypto: Pick<ChainCrypto, 'blsAggregate'>,
  ): Uint8Array[] {
    const out: Uint8Array[] = []
    for (let at = Math.max(1, height - VERDICT_BLOCKS); at < height; at++) {
      const result = resultAt(at)
      if (result === undefined || recordAt(at)?.status !== 'pending') continue
      const set = setAt(at)
      const votes = [...this.all(at)].sort((a, b) => a.voter - b.voter)
      const ok = [false, true].find((said) => this.power(at, said, set) * 2 > totalPower(set))
      if (ok === undefined) continue
      const same = votes.filter((v) => v.ok === ok)
      const signers = bitsOf(
        same.map((v) => v.voter),
        set.length,
      )
      out.push(encodeBlockVerdict({ height: at, ok, result, signers, signature: crypto.blsAggregate(same.map((v) => v.signature)) }))
    }
    return out
  }
}
