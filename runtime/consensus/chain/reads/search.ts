/**
 * Finds transactions and events of final blocks by what they touched: the filters of windows, then of blocks, then the fingerprints of each transaction.
 * One page of a search reads a bounded number of rows and says where it stopped. docs/spec/events.md
 */
import {
  endOf,
  equalBytes,
  eventLeaf,
  heightBehind,
  inclusionPath,
  isBehind,
  leafHash,
  LIMITS,
  pathSides,
  UtnetError,
  type ChainEvent,
  type CID,
  type Header,
  type Mark,
} from '../../../core/index.ts'
import { fingerprint, holdsPrint, mayContain, type BloomItem } from '../../block/index.ts'
import type { TxOutcome } from '../../tx/index.ts'
import { resultsAt, type ChainCore } from '../head/index.ts'
import { headerAt, type FinalHeader } from './reads.ts'
import {
  bloomKey,
  decodeList,
  decodePlace,
  printsKey,
  txKey,
  txsKey,
  unlessDamaged,
  windowKey,
  WINDOW_BLOCKS,
  windowOf,
} from '../rows/index.ts'

/** What is asked for. A transaction matches when it touched every item, and is the one named where one is. */
export interface ChainFilter {
  readonly items: readonly BloomItem[]
  readonly tx?: CID
  /** Of the events of a matching transaction, those of these contracts; of any where there are none. */
  readonly contracts: readonly Uint8Array[]
  /** And of these names; of any where there are none. */
  readonly names: readonly string[]
}

/** What is sought, and where the search begins and ends. */
export interface ChainSearch {
  readonly filter: ChainFilter
  /** Everything up to this mark is passed over. */
  readonly after: Mark
  /** Last height; the head where that is lower. */
  readonly to: number
  /** Most entries, from 1 to `LIMITS.searchEntries`. */
  readonly limit: number
}

/** A matching event, or a matching transaction where no event is asked for and none of its own matches. */
export interface FoundEntry {
  readonly mark: Mark
  readonly header: Header
  /** Hash of the header. */
  readonly hash: Uint8Array
  readonly outcome: TxOutcome
  /** Number of the transaction in its block. */
  readonly txIndex: number
  /** The event with its number in its block; null for a transaction. */
  readonly event: { readonly event: ChainEvent; readonly index: number } | null
}

/** One page of what was found. */
export interface FoundPage {
  readonly entries: readonly FoundEntry[]
  /** Where to go on; everything up to it was looked at. */
  readonly next: Mark
  /** True when that is all there is up to the last height asked for. */
  readonly done: boolean
}

/** Path of a leaf to a root of a header. */
export interface LeafProof extends FinalHeader {
  readonly root: 'eventRoot' | 'txRoot'
  readonly leaf: Uint8Array
  /** `pathSides`: on which sides the siblings stand. */
  readonly index: number
  readonly path: readonly Uint8Array[]
}

/** Rows that a search may still read. */
class Budget {
  left: number = LIMITS.searchRows
  get(core: ChainCore, key: Uint8Array): Uint8Array | undefined {
    this.left--
    return core.kv.get(key)
  }

  /** A filter; undefined where there is none, or none that can be read: then what it is of is looked at. */
  filter(core: ChainCore, key: Uint8Array): Uint8Array | undefined {
    return unlessDamaged(() => this.get(core, key), undefined)
  }
}

/** Number of a block's rows that an entry is made from. */
const BLOCK_ROWS = 2

const among = (list: readonly Uint8Array[], one: Uint8Array): boolean => list.length === 0 || list.some((other) => equalBytes(other, one))

/** Entries of a block: the first ordinal is the block's own; each transaction takes one, and one for each of its events. */
function* entriesOf(core: ChainCore, height: number, filter: ChainFilter, fits: ReadonlySet<number> | undefined): Generator<FoundEntry> {
  const { header, hash } = headerAt(core, height)
  let ordinal = 1
  let index = 0
  for (const [txIndex, outcome] of resultsAt(core, height).outcomes.entries()) {
    const own = ordinal
    ordinal += 1 + outcome.events.length
    const first = index
    index += outcome.events.length
    if (fits?.has(txIndex) === false || (filter.tx !== undefined && !filter.tx.equals(outcome.id))) continue
    const found = outcome.events.flatMap((event, i): FoundEntry[] => {
      if (!among(filter.contracts, event.contract) || (filter.names.length > 0 && !filter.names.includes(event.name))) return []
      return [{ mark: { height, ordinal: own + 1 + i }, header, hash, outcome, txIndex, event: { event, index: first + i } }]
    })
    if (found.length > 0) yield* found
    else if (filter.names.length === 0) yield { mark: { height, ordinal: own }, header, hash, outcome, txIndex, event: null }
  }
}

/** Heights that a search has to look at. */
interface Range {
  readonly from: number
  readonly to: number
}

/** The first height of a range whose filters let all fingerprints through, if there is one; all up to `seen` were looked at. */
function nextHeight(
  core: ChainCore,
  budget: Budget,
  prints: readonly Uint8Array[],
  { from, to }: Range,
): { readonly found: number | undefined; readonly seen: number } {
  let height = from
  while (height <= to && budget.left > 0) {
    if (prints.length > 0 && (height % WINDOW_BLOCKS === 0 || height === from)) {
      const filter = budget.filter(core, windowKey(windowOf(height)))
      if (filter !== undefined && !prints.every((print) => mayContain(filter, print))) {
        height = (windowOf(height) + 1) * WINDOW_BLOCKS
        continue
      }
    }
    if (budget.left <= 0) break
    const filter = budget.filter(core, bloomKey(height))
    if (filter === undefined || prints.every((print) => mayContain(filter, print))) return { found: height, seen: height }
    height++
  }
  return { found: undefined, seen: Math.min(height - 1, to) }
}

/** Numbers of the transactions of a block whose fingerprints hold all that is asked for; undefined where nothing is. */
function fitsOf(core: ChainCore, budget: Budget, height: number, prints: readonly Uint8Array[]): ReadonlySet<number> | undefined {
  if (prints.length === 0) return undefined
  const row = budget.get(core, printsKey(height))
  const touched = row === undefined ? [] : decodeList(row, 'fingerprints')
  return new Set(touched.flatMap((own, i) => (prints.every((print) => holdsPrint(own, print)) ? [i] : [])))
}

/** The range that is left to look at: of a transaction that is named, its block alone. */
function rangeOf(core: ChainCore, { filter, after, to }: ChainSearch): Range {
  const last = Math.min(to, core.head.header.height)
  const from = heightBehind(after)
  if (filter.tx === undefined) return { from, to: last }
  const place = core.kv.get(txKey(filter.tx))
  const height = place === undefined ? last + 1 : decodePlace(place).height
  return { from: Math.max(from, height), to: Math.min(last, height) }
}

/** One page of a search over final blocks. Throws `core_bad_argument` for a limit of none or too many. */
export function searchChain(core: ChainCore, search: ChainSearch): FoundPage {
  const { filter, after, limit } = search
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > LIMITS.searchEntries)
    throw new UtnetError('core_bad_argument', `a page has 1 to ${LIMITS.searchEntries} entries, not ${limit}`)
  const prints = filter.items.map(fingerprint)
  const budget = new Budget()
  const range = rangeOf(core, search)
  const entries: FoundEntry[] = []
  const end = endOf(Math.max(after.height, Math.min(search.to, core.head.header.height)))
  let from = range.from
  while (from <= range.to) {
    const { found: height, seen } = nextHeight(core, budget, prints, { from, to: range.to })
    if (height === undefined) {
      if (seen < range.to) return { entries, next: seen < range.from ? after : endOf(seen), done: false }
      break
    }
    from = height + 1
    const fits = fitsOf(core, budget, height, prints)
    // the filter let through what no transaction touched
    if (fits?.size === 0) continue
    budget.left -= BLOCK_ROWS
    for (const entry of entriesOf(core, height, filter, fits)) {
      if (!isBehind(entry.mark, after)) continue
      entries.push(entry)
      if (entries.length >= limit) return { entries, next: entry.mark, done: false }
    }
  }
  return { entries, next: end, done: true }
}

function proofOf(final: FinalHeader, root: LeafProof['root'], leaves: readonly Uint8Array[], at: number): LeafProof {
  const path = inclusionPath(leaves.map(leafHash), at)
  return { ...final, root, leaf: leaves[at] as Uint8Array, index: pathSides(at, leaves.length), path }
}

/** Shows that an entry is in its block: an event in its event root, a transaction in its transaction root. */
export function proveEntry(core: ChainCore, { mark: { height }, txIndex, event }: FoundEntry): LeafProof {
  const final = headerAt(core, height)
  if (event === null) return proofOf(final, 'txRoot', decodeList(core.kv.get(txsKey(height)) as Uint8Array, 'transactions'), txIndex)
  const leaves = resultsAt(core, height).outcomes.flatMap(({ id, events }) => events.map((e) => eventLeaf(id, e)))
  return proofOf(final, 'eventRoot', leaves, event.index)
}
