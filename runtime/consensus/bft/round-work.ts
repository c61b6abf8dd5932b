/** A validator's part in the work of rounds: its own CAT when it proposes, and its verdict on what others showed. White paper 2.3, 2.5, 5.2. */
import { bitsOf, equalBytes, fromHex, isUtnetError, membersOf, toHex, totalPower, type Validator } from '../../core/index.ts'
import {
  decodeCat,
  makeCat,
  NO_CAT,
  shownResult,
  VERDICT_BLOCKS,
  VerdictPool,
  verdictMessage,
  type CatEnvironment,
  type AnsweringChips,
  type CatSigner,
  type SampledTask,
} from '../cat/index.ts'
import type { Block, Chain } from '../chain/index.ts'
import type { ChainCrypto, Voter } from '../crypto-port.ts'
import { checkMany } from './check-many.ts'
import type { Peer, Refusal } from './events.ts'
import type { Lack, Verdict } from '../messages/index.ts'
import type { Refused, Verdicts } from './node.ts'

/** What a node works with in rounds. */
export interface RoundWorkOptions {
  readonly environment: CatEnvironment
  /** The chips of this node; without them it shows none. */
  readonly chips?: CatSigner
  readonly voter: Pick<Voter, 'sign'>
  readonly crypto: Pick<ChainCrypto, 'blsVerifyAll' | 'blsAggregate'>
}

interface HeardVerdict {
  readonly from: Peer
  readonly verdict: Verdict
}

export class RoundWork implements Verdicts {
  readonly #chain: Chain
  readonly #node: Uint8Array
  readonly #options: RoundWorkOptions
  readonly #pool = new VerdictPool()
  readonly #own = new Map<number, Verdict>()
  /** What this node came to: what votes of others are held against. */
  readonly #results = new Map<number, Uint8Array>()
  readonly #judging = new Set<number>()
  /** Height -> voter -> what was heard and is not checked: that takes the own result, and is done together, when it decides or when the own block may carry it. */
  readonly #waiting = new Map<number, Map<number, HeardVerdict>>()
  #refused: Refused[] = []

  /** `node` is the own node key. */
  constructor(chain: Chain, node: Uint8Array, options: RoundWorkOptions) {
    this.#chain = chain
    this.#node = node
    this.#options = options
  }

  /** What the own block of the next height carries; undefined where the genesis wants a CAT before it votes, and this node has none to show. */
  async propose(): Promise<{ readonly cat: Uint8Array; readonly verdicts: readonly Uint8Array[] } | undefined> {
    const height = this.#head + 1
    const seats = this.#chain.catSeats(this.#node, height)
    const cat = seats.count === 0 ? NO_CAT : await this.#cat(this.#chain.task(this.#node, height), seats)
    if (this.#chain.genesis.environment === 'before-vote') return cat.length === 0 && seats.count > 0 ? undefined : { cat, verdicts: [] }
    this.#forget()
    for (const at of this.#waiting.keys()) this.#settle(at)
    return {
      cat,
      verdicts: this.#pool.collect(height, this.#chain.reward, this.#chain.setAt, (at) => this.#results.get(at), this.#options.crypto),
    }
  }

  /** No bytes where chips are missing or the operator does not run here. */
  async #cat(task: SampledTask, seats: AnsweringChips): Promise<Uint8Array> {
    const { environment, chips } = this.#options
    if (chips === undefined) return NO_CAT
    try {
      return (await makeCat(task.challenge, seats, await environment.run(task), chips)) ?? NO_CAT
    } catch (error) {
      if (isUtnetError(error)) return NO_CAT
      throw error
    }
  }

  /** Under `before-vote`: whether the result that the block shows is the one that this node comes to. A block that shows none has been judged by its rules. */
  async agrees({ header, cat }: Block): Promise<boolean> {
    if (this.#chain.genesis.environment === 'deferred' || cat.length === 0) return true
    const result = await this.#resultOf(this.#chain.task(header.proposer, header.height))
    return result !== undefined && equalBytes(shownResult(result), decodeCat(cat).result)
  }

  /** Undefined where this node cannot tell. */
  async #resultOf(task: SampledTask): Promise<Uint8Array | undefined> {
    try {
      return await this.#options.environment.run(task)
    } catch (error) {
      if (isUtnetError(error)) return undefined
      throw error
    }
  }

  get #head(): number {
    return this.#chain.head().header.height
  }

  open(): number[] {
    const out: number[] = []
    for (let height = Math.max(1, this.#head - VERDICT_BLOCKS + 1); height <= this.#head; height++)
      if (!this.#own.has(height) && !this.#judging.has(height) && this.#place(height) >= 0 && this.#pending(height) !== undefined)
        out.push(height)
    return out
  }

  #place(height: number): number {
    return this.#chain.setAt(height).findIndex((v) => equalBytes(v.key, this.#node))
  }

  /** Who has to be judged at a height, and the result that stands there. */
  #pending(height: number): { readonly node: Uint8Array; readonly result: Uint8Array } | undefined {
    const record = this.#chain.reward(height)
    return record?.status === 'pending' && record.result !== null ? { node: record.node, result: record.result } : undefined
  }

  async judge(height: number): Promise<Verdict | undefined> {
    const claim = this.#pending(height)
    const voter = this.#place(height)
    if (claim === undefined || voter < 0 || this.#own.has(height) || this.#judging.has(height) || this.#judging.size >= VERDICT_BLOCKS)
      return undefined
    this.#judging.add(height)
    try {
      const result = await this.#resultOf(this.#chain.task(claim.node, height))
      if (result === undefined) return undefined
      const ok = equalBytes(shownResult(result), claim.result)
      const block = this.#chain.headerAt(height).hash
      const signature = this.#options.voter.sign(verdictMessage(this.#chain.chainId, height, block, ok, result))
      const verdict: Verdict = { kind: 'verdict', height, block: toHex(block), ok, voter, signature }
      this.#own.set(height, verdict)
      this.#results.set(height, result)
      this.#pool.add({ ...verdict, block })
      return verdict
    } finally {
      this.#judging.delete(height)
    }
  }

  own(): Verdict[] {
    this.#forget()
    return [...this.#own.values()].filter((v) => this.#chain.reward(v.height)?.status === 'pending')
  }

  lacking(): Lack[] {
    const out: Lack[] = []
    // votes on the head are on their way
    for (const [height, { ok }] of this.#own) {
      if (height >= this.#head || this.#pending(height) === undefined) continue
      this.#settle(height)
      const set = this.#chain.setAt(height)
      if (this.#pool.power(height, ok, set) * 2 > totalPower(set)) continue
      const voters = this.#pool.all(height).map(({ voter }) => voter)
      out.push({ kind: 'lack', height, have: bitsOf(voters, set.length) })
    }
    return out
  }

  known({ height, have }: Lack): readonly Verdict[] | Refusal {
    if (height > this.#head) return 'early'
    if (height < 1 || height <= this.#head - VERDICT_BLOCKS) return 'stale'
    const set = this.#chain.setAt(height)
    const members = membersOf(have, set)
    if (members === undefined) return 'verdict'
    // who has settled it gave it to a block, or waits for one that has
    if (this.#pending(height) === undefined) return 'stale'
    // what is given was checked: whoever passes a bad one on would look like its author
    this.#settle(height)
    const known = new Set(members)
    const missing = this.#pool.all(height).filter(({ voter }) => !known.has(set[voter] as Validator))
    return missing.map((vote) => ({ kind: 'verdict', ...vote, block: toHex(vote.block) }))
  }

  #forget(): void {
    this.#pool.forget(this.#head)
    for (const height of this.#waiting.keys()) if (height <= this.#head - VERDICT_BLOCKS) this.#waiting.delete(height)
    for (const height of this.#own.keys())
      if (height <= this.#head - VERDICT_BLOCKS) {
        this.#own.delete(height)
        this.#results.delete(height)
      }
  }

  take(from: Peer, verdict: Verdict): Refused[] {
    const why = this.#hear({ from, verdict })
    const refused = this.#refused
    this.#refused = []
    return why === undefined ? refused : [...refused, { from, why }]
  }

  #hear(heard: HeardVerdict): Refusal | undefined {
    const { height, block, ok, voter, signature } = heard.verdict
    if (height > this.#head) return 'early'
    if (height < 1 || height <= this.#head - VERDICT_BLOCKS) return 'stale'
    const set = this.#chain.setAt(height)
    const member = set[voter]
    if (member === undefined) return 'member'
    if (toHex(this.#chain.headerAt(height).hash) !== block) return 'verdict'
    if (this.#chain.reward(height)?.status !== 'pending') return 'stale'
    if (this.#pool.of(height, voter) !== undefined) return 'duplicate'
    const own = this.#own.get(height)?.ok
    if (own !== undefined && own !== ok) return 'result'
    // more than enough: nobody needs it
    const had = this.#pool.power(height, ok, set)
    if (had * 2 > totalPower(set)) return 'stale'
    const waiting = this.#waiting.get(height) ?? new Map<number, HeardVerdict>()
    this.#waiting.set(height, waiting)
    const other = waiting.get(voter)?.verdict
    if (other !== undefined && other.ok === ok && equalBytes(other.signature, signature)) return 'duplicate'
    // only of a result that the block shows can be told that it was not signed: else the newer one stands in the place of the other
    const told = other !== undefined && own === true
    if (told) this.#settle(height)
    waiting.set(voter, heard)
    const claimed = [...waiting.values()].filter((w) => w.verdict.ok === ok).map((w) => set[w.verdict.voter]?.power ?? 0)
    if (told || (had + claimed.reduce((a, b) => a + b, 0)) * 2 > totalPower(set)) this.#settle(height)
    return undefined
  }

  /**
   * Checks what waits of a height against the own result, as soon as there is one, and keeps what holds. A vote for what the block shows, that is not signed over what
   * this node found behind that, is nobody's; of a vote against it, the result may be another.
   */
  #settle(height: number): void {
    const result = this.#results.get(height)
    const own = this.#own.get(height)?.ok
    if (result === undefined || own === undefined) return
    const heard = [...(this.#waiting.get(height)?.values() ?? [])].filter(({ verdict }) => verdict.ok === own)
    this.#waiting.get(height)?.clear()
    const set = this.#chain.setAt(height)
    const checks = heard.map(({ verdict: { block, ok, voter, signature } }) => ({
      signature,
      message: verdictMessage(this.#chain.chainId, height, fromHex(block), ok, result),
      key: (set[voter] as Validator).bls,
    }))
    const good = checkMany(checks, (some) => this.#options.crypto.blsVerifyAll(some))
    for (const [i, { from, verdict }] of heard.entries()) {
      if (good[i] !== true) this.#refused.push({ from, why: own ? 'signature' : 'result' })
      else this.#pool.add({ ...verdict, block: fromHex(verdict.block) })
    }
  }
}
