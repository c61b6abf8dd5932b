/** Many at once: every answer has a receipt of its own, the numbers of each thread have no gap, and every batch names the one before it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  asArray,
  decode,
  fromBase64,
  parseAddress,
  readAttestation,
  toHex,
  witFromJson,
  type Attestation,
  type ReceiptView,
  type TransactionView,
} from '../../runtime/core/index.ts'
import { verifyBundle } from '../../runtime/verify/index.ts'
import { testAccount, type TestAccount } from './kit/account.ts'
import { startNode, ticketOf, type RealNode } from './kit/node.ts'

const INVOKES = 200
const KEYS = 5
const CALLS_PER_KEY = 10
const ANCHOR_MS = 10_000

let node: RealNode

beforeAll(async () => {
  node = await startNode(['probe', 'ledger'])
})
afterAll(() => node.close())

interface Invoked {
  readonly id: string
  readonly attestation: Attestation
}

async function invokes(): Promise<Invoked[]> {
  return Promise.all(
    Array.from({ length: INVOKES }, async (_, i) => {
      const response = await fetch(`${node.url}/fn/probe/echo?i=${i}`, { method: 'POST', body: `request ${i}` })
      // Answers do not mix.
      expect(await response.text()).toBe(`request ${i}`)
      const { id, attestation } = ticketOf(response)
      return { id, attestation: readAttestation(decode(attestation, 'attestation')) }
    }),
  )
}

/** All calls of one key are sent without waiting for each other. */
async function calls(account: TestAccount, to: Uint8Array): Promise<TransactionView[]> {
  const { exports } = await node.api.guest('ledger')
  const { params } = exports.find((e) => e.name === 'post')?.signature ?? { params: [] }
  const args = asArray(
    params.map((p, i) => witFromJson(p.type, [{ label: account.address, amount: '3' }, 1][i], p.name)),
    'args',
  )
  const hashes: string[] = []
  for (let nonce = 0; nonce < CALLS_PER_KEY; nonce++) {
    const wire = await account.sign(node.api, { kind: 'call', to, export: 'post', args }, { nonce })
    hashes.push((await node.api.submit(wire)).hash)
  }
  return Promise.all(hashes.map((hash) => node.api.transaction(hash, 20_000)))
}

test(`${INVOKES} invokes and ${KEYS * CALLS_PER_KEY} calls at once: distinct receipts, no gaps, all anchored, batches chained`, async () => {
  const accounts = Array.from({ length: KEYS }, (_, i) => testAccount(`load ${i}`))
  for (const { address } of accounts) await node.api.fund(address)
  const to = parseAddress((await node.api.guest('ledger')).address ?? '')

  const [invoked, ...called] = await Promise.all([invokes(), ...accounts.map((a) => calls(a, to))])
  const final = called.flat()
  for (const view of final) expect(view).toMatchObject({ state: 'final', status: 'ok' })
  for (const [i, account] of accounts.entries()) {
    // Each key's calls ran one after the other, in the order of their nonces.
    expect(called[i]?.map((v) => v.result)).toEqual(Array.from({ length: CALLS_PER_KEY }, (_, k) => String(3 * (k + 1))))
    expect((await node.api.account(account.address)).nonce).toBe(CALLS_PER_KEY)
    const { result } = await node.api.query({ name: 'ledger', export: 'amount-of', args: [account.address] })
    expect(result).toBe(String(3 * CALLS_PER_KEY))
  }

  const ids = [...invoked.map((r) => r.id), ...final.map((v) => v.receipt ?? '')]
  expect(new Set(ids).size).toBe(INVOKES + KEYS * CALLS_PER_KEY)

  const views: ReceiptView[] = []
  for (const id of ids) views.push(await node.api.receipt(id, ANCHOR_MS))
  expect(views.filter((v) => v.anchor === null)).toEqual([])

  // Numbers: from 0 on every thread, none twice, none left out.
  const threads = new Map<number, number[]>()
  for (const { body } of views.slice(0, INVOKES)) {
    const thread = Number(body['thread'])
    threads.set(thread, [...(threads.get(thread) ?? []), Number(body['seq'])])
  }
  for (const [thread, seqs] of threads) {
    expect(
      seqs.sort((a, b) => a - b),
      `thread ${thread}`,
    ).toEqual(Array.from({ length: seqs.length }, (_, i) => i))
  }

  // Batches: each begins where the last of its thread ended and names its root.
  const batches = new Map<string, Attestation['batch']>()
  for (const { attestation } of invoked) batches.set(`${attestation.batch.thread}/${attestation.batch.first}`, attestation.batch)
  for (const [thread, seqs] of threads) {
    let next = 0
    let prev = '00'.repeat(32)
    while (next < seqs.length) {
      const batch = batches.get(`${thread}/${next}`)
      expect(batch, `a batch of thread ${thread} from ${next}`).toBeDefined()
      if (batch === undefined) break
      expect(toHex(batch.prev)).toBe(prev)
      prev = toHex(batch.root)
      next += batch.size
    }
    expect(next).toBe(seqs.length)
  }

  for (const id of [ids[0], ids[INVOKES - 1], ids.at(-1)]) {
    const result = await verifyBundle(await node.api.bundle(id ?? ''), { trust: [node.genesis] })
    expect(result.checks.filter((c) => !c.ok)).toEqual([])
  }
  expect(fromBase64(String(views[0]?.attestation?.['sig']), 'sig').length).toBe(64)
})

test('as many connections that break off in the middle leave the node as it was', async () => {
  await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const stop = new AbortController()
      const sent = fetch(`${node.url}/fn/probe/echo`, { method: 'POST', body: 'x'.repeat(100_000), signal: stop.signal })
      setTimeout(() => stop.abort(), i % 7)
      await sent.then((r) => r.arrayBuffer()).catch(() => {})
    }),
  )
  const response = await fetch(`${node.url}/fn/probe/after`)
  expect(await response.text()).toBe('/after')
  expect((await node.api.receipt(ticketOf(response).id, ANCHOR_MS)).anchor).not.toBeNull()
})
