/** The chain's history and its live end as the views show them: searched by pages, or streamed on behind any mark. */
import {
  encodeCertificate,
  encodeHeader,
  endOf,
  formatAddress,
  formatCborJson,
  formatMark,
  heightBehind,
  isBehind,
  limitError,
  LIMITS,
  parseFilter,
  parseMark,
  toBase64,
  toHex,
  utf8,
  UtnetError,
  concatBytes,
  type ChainEntry,
  type ContractRef,
  type EntryProof,
  type EventPage,
  type EventsRequest,
  type Mark,
  type NodeEvent,
  type StreamRequest,
} from '../../core/index.ts'
import type { BloomItem, ChainFilter, FoundEntry, LeafProof } from '../../consensus/index.ts'
import { stepTexts } from '../chain/index.ts'
import type { Parts } from '../parts.ts'
import { runGasOf } from './run-gas.ts'

type HistoryParts = Pick<Parts, 'chain' | 'events' | 'producer'>

const PAGE = 100
/** How long a filtered stream waits for a block before it looks whether it was ended. */
const WAIT_MS = 60_000

function addressOf(parts: HistoryParts, ref: ContractRef): Uint8Array {
  if (typeof ref !== 'string') return ref
  const { address, world } = parts.chain.guest(ref)
  if (address === null) throw new UtnetError('guest_world', `${ref} is a ${world}, not a contract`)
  return address
}

/** What the chain is asked for by criteria in text; throws `request_invalid`, `guest_not_found`, `guest_world`. */
function filterOf(parts: HistoryParts, texts: readonly string[]): ChainFilter {
  const criteria = parseFilter(texts)
  const contracts = criteria.flatMap((c) => (c.kind === 'contract' ? [addressOf(parts, c.contract)] : []))
  const items: BloomItem[] = contracts.map((address) => ['contract', address] as const)
  const names: string[] = []
  const ids = criteria.flatMap((c) => (c.kind === 'tx' ? [c.id] : []))
  for (const c of criteria) {
    if (c.kind === 'address') items.push(['address', c.address])
    else if (c.kind === 'record') items.push(['record', c.item])
    else if (c.kind === 'variable') for (const address of contracts) items.push(['variable', concatBytes(address, c.key)])
    else if (c.kind === 'event') {
      items.push(['event', utf8(c.name)])
      names.push(c.name)
    }
  }
  const [tx] = ids
  if (tx !== undefined && ids.some((id) => !id.equals(tx)))
    throw new UtnetError('request_invalid', 'no transaction has two ids', { hint: 'ask for one tx at a time' })
  return { items, contracts, names, ...(tx === undefined ? {} : { tx }) }
}

function proofView(parts: HistoryParts, { root, leaf, index, path, header, certificate }: LeafProof): EntryProof {
  if (certificate === null) throw new UtnetError('node_internal', 'block 0 has no transactions')
  return {
    root,
    leaf: toBase64(leaf),
    index,
    path: path.map(toHex),
    header: toBase64(encodeHeader(header)),
    certificate: toBase64(encodeCertificate(certificate)),
    epochs: stepTexts(parts.chain, header.height),
  }
}

/** An entry as the views show it. */
function entryView(parts: HistoryParts, found: FoundEntry, proof: boolean): ChainEntry {
  const { mark, header, hash, outcome, event } = found
  const base = {
    id: formatMark(mark),
    height: mark.height,
    time: header.time,
    block: toHex(hash),
    tx: outcome.id.toString(),
    ...(proof ? { proof: proofView(parts, parts.chain.proveEntry(found)) } : {}),
  }
  if (event !== null) {
    const { contract, name, data } = event.event
    return { type: 'event', ...base, contract: formatAddress(contract), name, data: formatCborJson(data) }
  }
  const { kind, sender, status, receipt } = outcome
  const receipts = receipt === null ? {} : { receipt: receipt.toString() }
  return { type: 'transaction', ...base, kind, sender: formatAddress(sender), status, ...receipts }
}

/** One page of a search. */
export function chainEvents(parts: HistoryParts, request: EventsRequest): EventPage {
  const head = parts.chain.head().header.height
  const { filter = [], from = 0, to = head, limit = PAGE, proof = false } = request
  const after = request.after === undefined ? endOf(from - 1) : parseMark(request.after)
  if (limit > LIMITS.searchEntries || limit < 1)
    throw limitError('request_invalid', 'searchEntries', limit, LIMITS.searchEntries, 'entries of a page')
  const begin = isBehind(endOf(from - 1), after) ? endOf(from - 1) : after
  const page = parts.chain.search({ filter: filterOf(parts, filter), after: begin, to, limit })
  return {
    entries: page.entries.map((entry) => entryView(parts, entry, proof)),
    next: formatMark(page.next),
    done: page.done,
    head,
  }
}

/** What a block gives rise to beside what is live only, in order. Its entries have ids, so that a stream can go on behind any of them. */
export function blockEvents(parts: Pick<HistoryParts, 'chain'>, height: number): NodeEvent[] {
  const final = parts.chain.blockAt(height)
  const { header, hash, outcomes } = final
  const block = toHex(hash)
  const { time } = header
  const gas = runGasOf(final)
  const out: NodeEvent[] = [
    { type: 'block', id: formatMark({ height, ordinal: 0 }), height, time, hash: block, transactions: outcomes.length },
  ]
  let ordinal = 0
  for (const [i, { id, receipt, status, events }] of outcomes.entries()) {
    ordinal++
    const tx = id.toString()
    if (receipt !== null) {
      out.push({ type: 'receipt', id: receipt.toString(), kind: 'call', status, gas: String(gas[i]) })
      out.push({ type: 'anchor', id: receipt.toString(), height })
    }
    for (const { contract, name, data } of events) {
      ordinal++
      const at = { id: formatMark({ height, ordinal }), height, time, block, tx }
      out.push({ type: 'event', ...at, contract: formatAddress(contract), name, data: formatCborJson(data) })
    }
  }
  return out
}

/** Where an event of a block stands; undefined for those that have no place. */
function markOf(event: NodeEvent): Mark | undefined {
  return event.type === 'block' || event.type === 'event' || event.type === 'transaction' ? parseMark(event.id) : undefined
}

/** Those of a block's events that lie behind a mark. What has no place of its own lies behind the event before it: it may come twice, but is not left out. */
function* behind(events: readonly NodeEvent[], mark: Mark): Generator<NodeEvent> {
  let last: Mark | undefined
  for (const event of events) {
    const own = markOf(event)
    if (own === undefined ? last !== undefined && !isBehind(mark, last) : isBehind(own, mark)) yield event
    last = own ?? last
  }
}

/** Everything behind a mark, then what comes. */
async function* resumed(parts: HistoryParts, signal: AbortSignal, after: Mark): AsyncGenerator<NodeEvent> {
  let mark = after
  for (let height = heightBehind(mark); height <= parts.chain.head().header.height && !signal.aborted; height++) {
    yield* behind(blockEvents(parts, height), mark)
    mark = endOf(height)
  }
  // Nothing was awaited since the head was read, so no block is missed; one that is final and not told yet comes a second time, and is passed over.
  for await (const event of parts.events.subscribe(signal)) {
    const own = markOf(event)
    if (own === undefined || isBehind(own, mark)) yield event
  }
}

/** What matches behind a mark, as blocks come. It is read from the chain when the reader wants it: nothing waits in memory. */
async function* filtered(
  parts: HistoryParts,
  signal: AbortSignal,
  filter: ChainFilter,
  after: Mark | undefined,
): AsyncGenerator<NodeEvent> {
  const head = (): number => parts.chain.head().header.height
  let mark = after ?? endOf(head())
  let live = false
  while (!signal.aborted) {
    const page = parts.chain.search({ filter, after: mark, to: head(), limit: PAGE })
    for (const entry of page.entries) {
      yield entryView(parts, entry, false)
      const lag = head() - entry.mark.height
      if (live && lag > LIMITS.eventLag)
        throw limitError('events_lagging', 'eventLag', lag, LIMITS.eventLag, 'blocks that the reader is behind')
    }
    mark = page.next
    if (!page.done) continue
    live = true
    if (head() <= mark.height) await parts.producer.waitForBlock(Math.max(head(), mark.height), WAIT_MS, signal)
  }
}

/** The stream of a request. Throws `request_invalid`, `guest_not_found`, `guest_world`. */
export function streamEvents(
  parts: HistoryParts,
  signal: AbortSignal,
  { filter = [], after }: StreamRequest = {},
): AsyncIterable<NodeEvent> {
  const mark = after === undefined ? undefined : parseMark(after)
  if (filter.length > 0) return filtered(parts, signal, filterOf(parts, filter), mark)
  return mark === undefined ? parts.events.subscribe(signal) : resumed(parts, signal, mark)
}
