/** A validator's part in the work of rounds: its own CAT when it proposes, and its verdict on what others showed. White paper 2.3, 2.5, 5.2. */
import { equalBytes, fromHex, isUtnetError, toHex, totalPower, type Validator } from '../../core/index.ts'
import {
  decodeCat,
  makeCat,
  NO_CAT,
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
import type { Verdict } from './messages.ts'
import type { Refused, Verdicts } from './node.ts'

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
  readonly #judging = new Set<number>()
  /** Height -> voter -> what was heard and is not checked: that is done together, when it decides or when the own block may carry it. */
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
    return { cat, verdicts: this.#pool.collect(height, this.#chain.reward, this.#chain.setAt, this.#options.crypto) }
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
    return (await this.#holds(this.#chain.task(header.proposer, header.height), decodeCat(cat).result)) === true
  }

  /** Undefined where this node cannot tell. */
  async #holds(task: SampledTask, result: Uint8Array): Promise<boolean | undefined> {
    try {
      return equalBytes(await this.#options.environment.run(task), result)
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
      const ok = await this.#holds(this.#chain.task(claim.node, height), claim.result)
      if (ok === undefined) return undefined
      const block = this.#chain.headerAt(height).hash
      const signature = this.#options.voter.sign(verdictMessage(this.#chain.chainId, height, block, ok))
      const verdict: Verdict = { kind: 'verdict', height, block: toHex(block), ok, voter, signature }
      this.#own.set(height, verdict)
      this.#pool.add({ ...verdict, block })
      this.#forget()
      return verdict
    } finally {
      this.#judging.delete(height)
    }
  }

  own(): Verdict[] {
    this.#forget()
    return [...this.#own.values()].filter((v) => this.#chain.reward(v.height)?.status === 'pending')
  }

  #forget(): void {
    this.#pool.forget(this.#head)
    for (const height of this.#waiting.keys()) if (height <= this.#head - VERDICT_BLOCKS) this.#waiting.delete(height)
    for (const height of this.#own.keys()) if (height <= this.#head - VERDICT_BLOCKS) this.#own.delete(height)
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
    // more than enough: nobody needs it
    const had = this.#pool.power(height, ok, set)
    if (had * 2 > totalPower(set)) return 'stale'
    const waiting = this.#waiting.get(height) ?? new Map<number, HeardVerdict>()
    this.#waiting.set(height, waiting)
    const other = waiting.get(voter)?.verdict
    if (other !== undefined && other.ok === ok && equalBytes(other.signature, signature)) return 'duplicate'
    if (other !== undefined) this.#settle(height)
    waiting.set(voter, heard)
    const claimed = [...waiting.values()].filter((w) => w.verdict.ok === ok).map((w) => set[w.verdict.voter]?.power ?? 0)
    if (other !== undefined || (had + claimed.reduce((a, b) => a + b, 0)) * 2 > totalPower(set)) this.#settle(height)
    return undefined
  }

  /** Checks what waits of a height, and keeps what holds. */
  #settle(height: number): void {
    const heard = [...(this.#waiting.get(height)?.values() ?? [])]
    this.#waiting.get(height)?.clear()
    const set = this.#chain.setAt(height)
    const checks = heard.map(({ verdict: { block, ok, voter, signature } }) => ({
      signature,
      message: verdictMessage(this.#chain.chainId, height, fromHex(block), ok),
      key: (set[voter] as Validator).bls,
    }))
    const good = checkMany(checks, (some) => this.#options.crypto.blsVerifyAll(some))
    for (const [i, { from, verdict }] of heard.entries()) {
      if (good[i] !== true) this.#refused.push({ from, why: 'signature' })
      else this.#pool.add({ ...verdict, block: fromHex(verdict.block) })
    }
  }
}
