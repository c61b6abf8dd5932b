/** The chain's history on a real node: searched, streamed, proven. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ChainEntry, EventEntry, NodeEvent } from '../core/index.ts'
import { createClient } from '../../gateway/client/index.ts'
import { buildText } from '../host/build/testing/guests.ts'
import { verifyChainEntry } from '../verify/light.ts'
import { startDevNode } from './dev-node.ts'

const SHOP = `
import { emit, StorageValue } from '@utnet/sdk'
const price = new StorageValue<u32>('price')
@event class Sold { constructor(public item: string, public price: u32) {} }
@event class Seen { constructor(public item: string) {} }
export function sell(item: string, at: u32): void { price.set(at); emit(new Seen(item)); emit(new Sold(item, at)) }
`

const folder = mkdtempSync(join(tmpdir(), 'utnet-history-'))
let node: Awaited<ReturnType<typeof startDevNode>>
let api: ReturnType<typeof createClient>
let genesis: Uint8Array

beforeAll(async () => {
  node = await startDevNode({ data: folder, port: 0, threads: 0 })
  api = createClient(node.url)
  genesis = await api.genesis()
  const { component } = await buildText('contract', { 'index.ts': SHOP }, 'shop')
  await api.deploy({ name: 'shop', component })
  await api.deploy({ name: 'other', component })
})
afterAll(async () => {
  await node.close()
  rmSync(folder, { recursive: true, force: true })
})

const sell = (name: string, item: string) => api.call({ name, export: 'sell', args: [item, 5] })
const names = (entries: readonly ChainEntry[]): string[] => entries.map((e) => (e.type === 'event' ? e.name : e.kind))

async function search(filter: readonly string[], limit = 1_000): Promise<ChainEntry[]> {
  const out: ChainEntry[] = []
  for (let after: string | undefined; ;) {
    const page = await api.chainEvents({ filter, limit, ...(after === undefined ? {} : { after }) })
    out.push(...page.entries)
    if (page.done) return out
    after = page.next
  }
}

test('U3.1-BLM-1 W-CLK-1 events are found by contract, name, variable, account, transaction and record, with height and time of their block', async () => {
  const { devAccount, nodeKey } = await api.info()
  const one = await sell('shop', 'hat')
  await sell('other', 'cup')
  const { address } = await api.guest('shop')
  expect(names(await search(['contract=shop']))).toEqual(['publish', 'Seen', 'Sold'])
  expect(names(await search([`contract=${address ?? ''}`, 'event=Sold']))).toEqual(['Sold'])
  expect(await search(['event=Sold'], 1)).toEqual(await search(['event=Sold']))
  expect((await search(['event=Sold'])).map((e) => e.type === 'event' && e.data)).toEqual([
    { item: 'hat', price: 5 },
    { item: 'cup', price: 5 },
  ])
  expect((await search(['contract=shop', 'variable=price', 'event=Seen'])).map((e) => e.height)).toEqual([one.height])
  expect(await search(['contract=shop', 'variable=nothing'])).toEqual([])
  const [of] = await search([`tx=${one.hash}`, 'event=Seen'])
  const { header, hash } = await api.block(one.height)
  expect(of).toMatchObject({ height: one.height, time: header['time'], block: hash, tx: one.hash, contract: address })
  expect((await search([`address=${devAccount ?? ''}`, 'contract=other'])).length).toBe(3)
  expect(names(await search([`record=${nodeKey}`]))).toEqual([])
  const page = await api.chainEvents({ filter: ['event=Sold'], from: one.height + 1, to: one.height + 1 })
  expect(page.entries.every((e) => e.height === one.height + 1) && page.done).toBe(true)
  for (const [filter, code] of [
    ['contract=nobody', 'guest_not_found'],
    ['colour=red', 'request_invalid'],
    ['event=', 'request_invalid'],
    ['variable=price', 'request_invalid'],
    ['tx=xyz', 'request_invalid'],
    ['address=ut1no', 'request_invalid'],
  ] as const)
    await expect(api.chainEvents({ filter: [filter] }), filter).rejects.toMatchObject({ code })
  await expect(api.chainEvents({ filter: Array.from({ length: 9 }, () => 'event=a') })).rejects.toMatchObject({ limit: 'filterCriteria' })
  await expect(api.chainEvents({ after: 'x' })).rejects.toMatchObject({ code: 'request_invalid' })
  await expect(api.chainEvents({ limit: 1_001 })).rejects.toMatchObject({ code: 'request_invalid' })
})

test('a stranger checks an event or a transaction by its proof; any field changed makes it fail', async () => {
  const { hash } = await sell('shop', 'pen')
  const { entries } = await api.chainEvents({ filter: [`tx=${hash}`], proof: true })
  const { entries: transfers } = await api.chainEvents({ limit: 1, proof: true, filter: [] })
  const trust = { trust: [genesis] }
  for (const entry of [...entries, ...transfers]) {
    expect(verifyChainEntry(JSON.parse(JSON.stringify(entry)), trust)).toMatchObject({ valid: true })
    expect(verifyChainEntry(entry, { trust: [] }).valid).toBe(false)
    const { proof, ...bare } = entry
    expect(verifyChainEntry(bare, trust).checks[0]).toMatchObject({ name: 'entry', ok: false })
    for (const key of Object.keys(bare).filter((k) => !['id', 'status', 'receipt'].includes(k)))
      expect(verifyChainEntry({ ...entry, [key]: key === 'height' || key === 'time' ? 1 : 'x' }, trust).valid, key).toBe(false)
    for (const [key, value] of Object.entries(proof as object)) {
      // one leaf has no path, and no steps lead to a set that never changed
      if (Array.isArray(value) && value.length === 0) continue
      const other = Array.isArray(value) ? value.slice(1) : typeof value === 'number' ? value + 1 : 'AAAA'
      expect(verifyChainEntry({ ...entry, proof: { ...proof, [key]: other } }, trust).valid, key).toBe(false)
    }
  }
  expect(verifyChainEntry({ type: 'event' }, trust).valid).toBe(false)
  expect(verifyChainEntry(null, trust).valid).toBe(false)
})

/** Reads a stream until `count` events came. */
async function take(
  count: number,
  request: Parameters<typeof api.events>[1],
  act: () => Promise<unknown> = async () => {},
): Promise<NodeEvent[]> {
  const stop = new AbortController()
  const out: NodeEvent[] = []
  const acting = act()
  for await (const event of api.events(stop.signal, request)) if (out.push(event) >= count) break
  stop.abort()
  await acting
  return out
}

test('gas is that of the run wherever it is named, and paid all that was paid for', async () => {
  const { height, hash, receipt, gas, paid } = await sell('shop', 'gas')
  expect(BigInt(gas)).toBeLessThan(BigInt(paid))
  expect((await api.receipt(receipt)).body['gas']).toBe(gas)
  expect(await api.transaction(hash)).toMatchObject({ gas, paid })
  expect((await api.block(height)).transactions).toContainEqual({ hash, kind: 'call', status: 'ok', gas, paid })
  const stop = new AbortController()
  for await (const event of api.events(stop.signal, { after: String(height - 1) }))
    if (event.type === 'receipt' && event.id === receipt) {
      expect(event.gas).toBe(gas)
      break
    }
  stop.abort()
})

test('a filtered stream goes on behind the last id without a gap or a repeat, then with what comes', async () => {
  await sell('shop', 'one')
  await sell('shop', 'two')
  const past = await search(['event=Sold', 'contract=shop'])
  const filter = ['event=Sold', 'contract=shop']
  expect(await take(past.length, { filter, after: '0' })).toEqual(past)
  const middle = (past[1] as EventEntry).id
  const live = await take(past.length - 1, { filter, after: middle }, () => sell('shop', 'three'))
  expect(live.slice(0, past.length - 2)).toEqual(past.slice(2))
  expect(live.at(-1)).toMatchObject({ type: 'event', data: { item: 'three' } })
  // the field of a browser that connects again
  const response = await fetch(`${node.url}/v1/events?filter=event%3DSold&filter=contract%3Dshop`, { headers: { 'last-event-id': middle } })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  while (!text.includes('three')) text += new TextDecoder().decode((await reader.read()).value)
  await reader.cancel()
  expect([...text.matchAll(/^id: (.*)$/gm)].map((m) => m[1])).toEqual((await search(filter)).slice(2).map((e) => e.id))
  expect((await fetch(`${node.url}/v1/events?filter=contract%3Dnobody`)).status).toBe(404)
  expect((await fetch(`${node.url}/v1/events`, { headers: { 'last-event-id': 'x' } })).status).toBe(400)
})

test('an unfiltered stream begins with what the chain holds behind a mark, and goes over to what comes', async () => {
  const { height } = await sell('shop', 'before')
  const seen = await take(9, { after: `${height - 1}` }, () => sell('shop', 'after'))
  const placed = seen.flatMap((e) => (e.type === 'block' || e.type === 'event' ? [e] : []))
  expect(placed[0]).toMatchObject({ type: 'block', id: `${height}.0`, height })
  expect(placed.slice(1, 3).map((e) => e.id)).toEqual([`${height}.2`, `${height}.3`])
  const heights = placed.flatMap((e) => (e.type === 'block' ? [e.height] : []))
  expect(heights).toEqual(heights.map((_, i) => height + i))
  expect(new Set(placed.map((e) => e.id)).size).toBe(placed.length)
})
