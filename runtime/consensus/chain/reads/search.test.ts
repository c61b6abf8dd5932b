import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  contractAddress,
  decodeTx,
  encode,
  endOf,
  equalBytes,
  formatMark,
  leafHash,
  LIMITS,
  nodeRecord,
  RAW,
  cidOf,
  readEventLeaf,
  sha256,
  toHex,
  utf8,
  verifyInclusion,
  type CID,
  type Kv,
  type Mark,
  type TxPayload,
} from '../../../core/index.ts'
import { bloomDigest, fingerprint, mayContain, type BloomItem, type Chain, type ChainFilter, type FoundEntry } from '../../index.ts'
import { signBatch, simulatedKv, testChain, userOf, VALIDATOR, type TestChain } from '../../testing/test-kit.ts'

const [ann, bob, carl] = [userOf(2), userOf(3), userOf(4)] as const
const users = [ann, bob, carl] as const
const shops = [contractAddress(ann.address, 0), contractAddress(bob.address, 0)] as const
const NONE: ChainFilter = { items: [], contracts: [], names: [] }
const START: Mark = { height: 0, ordinal: 0 }

const publish = (name: string): TxPayload => ({ kind: 'publish', name, module: cidOf(RAW, utf8(name)), world: 'contract', size: 100 })

/** A chain with two contracts. */
async function withShops(kv?: ReturnType<typeof simulatedKv>): Promise<TestChain> {
  const t = await testChain(kv === undefined ? {} : { kv })
  t.send(ann, publish('one'))
  t.send(bob, publish('two'))
  await t.produce()
  return t
}

function all(chain: Chain, filter: ChainFilter, limit: number = LIMITS.searchEntries, to = chain.head().header.height): FoundEntry[] {
  const out: FoundEntry[] = []
  for (let after = START; ;) {
    const page = chain.search({ filter, after, to, limit })
    expect(page.entries.length).toBeLessThanOrEqual(limit)
    out.push(...page.entries)
    after = page.next
    if (page.done) return out
  }
}

const ids = (entries: readonly FoundEntry[]): string[] => entries.map((e) => formatMark(e.mark))

/** What a transaction touched, found without filters: from its bytes and its outcome. Variables: of the simulated contract's put. */
function touchedOf(chain: Chain, height: number, index: number): BloomItem[] {
  const { txs, outcomes } = chain.blockAt(height)
  const { body } = decodeTx(txs[index] as Uint8Array)
  const outcome = outcomes[index] as (typeof outcomes)[number]
  const items: BloomItem[] = [['address', outcome.sender]]
  const { payload } = body
  if (payload.kind === 'transfer') items.push(['address', payload.to])
  if (payload.kind === 'publish') items.push(['contract', contractAddress(outcome.sender, body.nonce)])
  if (payload.kind === 'custom') items.push(['record', outcome.id.bytes])
  if (payload.kind === 'call') {
    items.push(['contract', payload.to])
    if (payload.export === 'put' && Array.isArray(payload.args))
      items.push(['variable', new Uint8Array([...payload.to, ...utf8(payload.args[0] as string)])])
  }
  if (payload.kind === 'anchor')
    for (const { batch } of payload.batches)
      items.push(['record', nodeRecord(batch.node)], ['record', nodeRecord(batch.node, batch.thread)])
  for (const e of outcome.events) items.push(['event', utf8(e.name)], ['contract', e.contract])
  return items
}

/** The search done by reading everything. */
function naive(chain: Chain, filter: ChainFilter): string[] {
  const out: string[] = []
  for (let height = 0; height <= chain.head().header.height; height++) {
    let ordinal = 1
    for (const [index, { events }] of chain.blockAt(height).outcomes.entries()) {
      const own = ordinal
      ordinal += 1 + events.length
      const touched = touchedOf(chain, height, index)
      const has = ([kind, item]: BloomItem): boolean => touched.some(([k, i]) => k === kind && equalBytes(i, item))
      if (!filter.items.every(has)) continue
      const hits = events.flatMap((e, i) => {
        const fits = filter.contracts.length === 0 || filter.contracts.some((c) => equalBytes(c, e.contract))
        return fits && (filter.names.length === 0 || filter.names.includes(e.name)) ? [`${height}.${own + 1 + i}`] : []
      })
      if (hits.length > 0) out.push(...hits)
      else if (filter.names.length === 0) out.push(`${height}.${own}`)
    }
  }
  return out
}

type Step = readonly [who: number, what: number, arg: number]
const KEYS = ['a', 'b', 'c'] as const
const NAMES = ['sold', 'bought', 'a'] as const

function payloadOf(chainId: CID, [, what, arg]: Step, seq: { next: number; root: Uint8Array }): TxPayload {
  const shop = shops[arg % 2] as Uint8Array
  const call = (entry: string, ...args: string[]): TxPayload => ({ kind: 'call', to: shop, export: entry, args })
  switch (what) {
    case 0:
      return { kind: 'transfer', to: (users[arg % 3] as (typeof users)[number]).address, value: 1n }
    case 1:
      return call('put', KEYS[arg % 3] as string, 'v')
    case 2:
      return call('emit', NAMES[arg % 3] as string)
    case 3:
      return { kind: 'custom', data: utf8(`${arg}`) }
    default: {
      const root = sha256(utf8(`${seq.next}`))
      const batch = signBatch(VALIDATOR, chainId, { thread: 0, first: seq.next, size: 1, prev: seq.root, root })
      seq.next += 1
      seq.root = root
      return { kind: 'anchor', batches: [batch], data: null }
    }
  }
}

const steps = fc.array(fc.array(fc.tuple(fc.nat(2), fc.nat(4), fc.nat(5)), { minLength: 0, maxLength: 4 }), { minLength: 1, maxLength: 5 })

test('U3.1-BLM-1 a search over real blocks finds what reading every block finds, and no filter misses an item', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 7 }), async (blocks, limit) => {
      const t = await withShops()
      const seq = { next: 0, root: new Uint8Array(32) }
      for (const block of blocks) {
        for (const step of block) t.send(users[step[0]] as (typeof users)[number], payloadOf(t.chain.chainId, step, seq))
        await t.produce()
      }
      const { chain } = t
      for (let height = 0; height <= chain.head().header.height; height++) {
        const { header, txs } = chain.blockAt(height)
        const filter = chain.bloom(height)
        expect(bloomDigest(filter)).toEqual(header.bloom)
        for (let i = 0; i < txs.length; i++)
          for (const item of touchedOf(chain, height, i)) expect(mayContain(filter, fingerprint(item)), item[0]).toBe(true)
      }
      const [shop] = shops
      const filters: ChainFilter[] = [
        NONE,
        { ...NONE, items: [['address', bob.address]] },
        { items: [['contract', shop]], contracts: [shop], names: [] },
        { ...NONE, items: [['event', utf8('sold')]], names: ['sold'] },
        {
          items: [
            ['contract', shop],
            ['event', utf8('sold')],
            ['address', ann.address],
          ],
          contracts: [shop],
          names: ['sold'],
        },
        {
          items: [
            ['contract', shop],
            ['variable', new Uint8Array([...shop, ...utf8('a')])],
          ],
          contracts: [shop],
          names: [],
        },
        { ...NONE, items: [['record', nodeRecord(VALIDATOR.key)]] },
        { ...NONE, items: [['record', nodeRecord(VALIDATOR.key, 0)]] },
        { ...NONE, items: [['event', utf8('never')]], names: ['never'] },
      ]
      for (const filter of filters) expect(ids(all(chain, filter, limit))).toEqual(naive(chain, filter))
    }),
    { numRuns: 12 },
  )
})

test('a transaction is found by its id alone, and a page can begin behind any entry', async () => {
  const t = await withShops()
  const sent: CID[] = []
  for (let i = 0; i < 3; i++) sent.push(t.send(ann, { kind: 'call', to: shops[0], export: 'emit', args: ['sold'] }))
  await t.produce()
  const [second] = all(t.chain, { ...NONE, tx: sent[1] as CID })
  expect(second?.outcome.id.equals(sent[1] as CID) && second.event?.event.name).toBe('sold')
  expect(all(t.chain, { ...NONE, tx: cidOf(RAW, utf8('no transaction')) })).toEqual([])
  const whole = all(t.chain, NONE)
  for (const [i, { mark }] of whole.entries()) {
    const { entries, done } = t.chain.search({ filter: NONE, after: mark, to: 99, limit: 50 })
    expect(ids(entries)).toEqual(ids(whole.slice(i + 1)))
    expect(done).toBe(true)
  }
  expect(t.chain.search({ filter: NONE, after: endOf(2), to: 99, limit: 1 })).toEqual({ entries: [], next: endOf(2), done: true })
  expect(t.chain.search({ filter: NONE, after: endOf(1), to: 1, limit: 1 })).toMatchObject({ entries: [], done: true })
  for (const limit of [0, LIMITS.searchEntries + 1, 1.5])
    expect(() => t.chain.search({ filter: NONE, after: START, to: 9, limit })).toThrow(/a page has/)
  expect(t.chain.search({ filter: NONE, after: START, to: 9, limit: LIMITS.searchEntries }).done).toBe(true)
})

test('W-CLK-1 an entry carries height and time of its block, and its proof leads to the roots of the header', async () => {
  const t = await withShops()
  t.send(ann, { kind: 'call', to: shops[0], export: 'emit', args: ['sold'] })
  t.send(bob, { kind: 'call', to: shops[1], export: 'emit', args: ['bought'] })
  t.send(carl, { kind: 'transfer', to: bob.address, value: 1n })
  await t.produce(1_800_000_000_123)
  const entries = all(t.chain, NONE).filter((e) => e.mark.height === 2)
  expect(entries.map((e) => e.event?.event.name ?? e.outcome.kind)).toEqual(['sold', 'bought', 'transfer'])
  for (const entry of entries) {
    expect(entry.header).toMatchObject({ height: 2, time: 1_800_000_000_123 })
    const { root, leaf, index, path, header } = t.chain.proveEntry(entry)
    expect(verifyInclusion(leafHash(leaf), index, 2 ** path.length, path, header[root])).toBe(true)
    if (entry.event === null) expect(toHex(leaf)).toBe(toHex(t.chain.blockAt(2).txs[entry.txIndex] as Uint8Array))
    else expect(readEventLeaf(leaf)).toEqual({ tx: entry.outcome.id, event: { ...entry.event.event, data: encode(null) } })
  }
})

test('windows of 64 blocks: a search reads few rows, the same entries come, and a page stops when it read enough', async () => {
  const kv = simulatedKv()
  let reads = 0
  const counting: Kv = { ...kv, get: (key) => (reads++, kv.get(key)) }
  const t = await withShops(counting as typeof kv)
  const wanted = new Set([30, 64, 127, 128, 140])
  while (t.chain.head().header.height < 200) {
    if (wanted.has(t.chain.head().header.height + 1)) t.send(ann, { kind: 'call', to: shops[1], export: 'emit', args: ['sold'] })
    await t.produce()
  }
  const filter: ChainFilter = { ...NONE, items: [['event', utf8('sold')]], names: ['sold'] }
  expect(all(t.chain, filter).map((e) => e.mark.height)).toEqual([...wanted])
  const rare: ChainFilter = { ...NONE, items: [['event', utf8('never')]], names: ['never'] }
  reads = 0
  expect(all(t.chain, rare)).toEqual([])
  // three windows are whole, the blocks of the fourth are read one by one
  expect(reads).toBeLessThan(3 + (200 - 192 + 1) + 6)
  // without filters every block is read, so a search of many blocks takes several pages; each goes on where the last stopped
  const pages: Mark[] = []
  for (let after = START; ;) {
    const page = t.chain.search({ filter: NONE, after, to: 200, limit: 3 })
    pages.push((after = page.next))
    if (page.done) break
  }
  expect(pages.length).toBeGreaterThan(2)
  expect(pages.at(-1)).toEqual(endOf(200))
})
