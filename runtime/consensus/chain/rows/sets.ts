/** The set of each epoch, as it was committed: rows that survive a restart, and the deltas that lead from one to the next. */
import {
  asArray,
  decode,
  decodePowerDelta,
  encode,
  encodePowerDelta,
  epochOf,
  powerDelta,
  readValidator,
  UtnetError,
  validatorCbor,
  type Kv,
  type PowerDelta,
  type Validator,
} from '../../../core/index.ts'
import { bytesHeight } from '../../trie/index.ts'
import type { PowerRules } from '../../power/index.ts'
import { deleted, unlessDamaged } from './damage.ts'
import { deltaKey, setKey } from './rows.ts'

type Row = readonly [Uint8Array, Uint8Array | undefined]

const NONE: PowerDelta = { removed: [], changed: [], added: [] }
/** Older sets kept decoded, by the epoch in which they began. */
const DECODED = 8

const encodeSet = (set: readonly Validator[]): Uint8Array => encode(set.map(validatorCbor))
const decodeSet = (bytes: Uint8Array): Validator[] => asArray(decode(bytes, 'validator set'), 'validator set').map(readValidator)

interface Span {
  /** First epoch that has the set. */
  readonly began: number
  readonly set: readonly Validator[]
}

/** A set has a row in the epoch in which it begins; epochs without a row have the one before. */
export class EpochSets {
  readonly #kv: Kv
  readonly #rules: PowerRules
  readonly #earlier = new Map<number, readonly Validator[]>()
  #newest: Span
  /** Epoch of the height after the head: the last whose set is known. */
  #known: number

  /** Over the rows of a chain with this head. */
  constructor(kv: Kv, rules: PowerRules, head: number) {
    this.#kv = kv
    this.#rules = rules
    this.#known = epochOf(head + 1, rules.epochBlocks)
    this.#newest = this.#read(this.#known)
  }

  #read(epoch: number): Span {
    for (const [key, bytes] of this.#kv.range(setKey(0), setKey(epoch + 1), { reverse: true, limit: 1 })) {
      const began = bytesHeight(key, 1)
      const set = this.#earlier.get(began) ?? decodeSet(bytes)
      return { began, set }
    }
    throw new UtnetError('chain_pruned', `the set of epoch ${epoch} is no longer kept`)
  }

  /** The set that votes at a height. Throws `chain_height` beyond the epoch of the next height, `chain_pruned` where it is no longer kept. */
  at(height: number): readonly Validator[] {
    const epoch = epochOf(height, this.#rules.epochBlocks)
    if (!Number.isSafeInteger(height) || height < 0 || epoch > this.#known)
      throw new UtnetError('chain_height', `epoch ${epoch} of height ${height} has no set yet; the last that is fixed is ${this.#known}`)
    return epoch >= this.#newest.began ? this.#newest.set : this.#before(epoch)
  }

  #before(epoch: number): readonly Validator[] {
    const span = this.#read(epoch)
    this.#keep(span)
    return span.set
  }

  #keep({ began, set }: Span): void {
    this.#earlier.set(began, set)
    if (this.#earlier.size > DECODED) this.#earlier.delete(Math.min(...this.#earlier.keys()))
  }

  /** Rows for the block of a height that ends its epoch, with the set of the next; none when the set stays. */
  rows(height: number, next: readonly Validator[] | undefined): Row[] {
    const present = this.at(height)
    if (next === undefined || next === present) return []
    const epoch = epochOf(height, this.#rules.epochBlocks)
    const rows: Row[] = [
      [setKey(epoch + 1), encodeSet(next)],
      [deltaKey(epoch), encodePowerDelta(powerDelta(present, next))],
    ]
    return [...rows, ...this.#outdated(height - this.#rules.trustingBlocks)]
  }

  /** Sets that no height from `lowest` on has. */
  #outdated(lowest: number): Row[] {
    if (lowest <= 0) return []
    const oldest = unlessDamaged(() => this.#read(epochOf(lowest, this.#rules.epochBlocks)), undefined)
    if (oldest === undefined) return []
    return deleted(() => [...this.#kv.range(setKey(0), setKey(oldest.began), { limit: 64 })].map(([key]) => [key, undefined]))
  }

  /** The block of a height is final. */
  committed(height: number, next: readonly Validator[] | undefined): void {
    this.#known = epochOf(height + 1, this.#rules.epochBlocks)
    if (next === undefined || next === this.#newest.set) return
    this.#keep(this.#newest)
    this.#newest = { began: this.#known, set: next }
  }

  /** What takes the set of an epoch to that of the next; both are fixed. */
  deltaAfter(epoch: number): PowerDelta {
    const bytes = this.#kv.get(deltaKey(epoch))
    return bytes === undefined ? NONE : decodePowerDelta(bytes)
  }
}

/** Rows of the sets of a chain that begins. */
export function firstSetRows(set: readonly Validator[]): Row[] {
  return [[setKey(0), encodeSet(set)]]
}
