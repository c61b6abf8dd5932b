/** Runs that end badly, and runs of which little is kept: their receipts stand all the same. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LIMITS, PARAMS, receiptId, type CallResult, type ReceiptTicket } from '../../runtime/core/index.ts'
import { reexecute } from '../../runtime/node/index.ts'
import { verifyBundle, type Verification } from '../../runtime/verify/index.ts'
import { startNode, ticketOf, type RealNode } from './kit/node.ts'
import { refusal } from './kit/problem.ts'

let node: RealNode

beforeAll(async () => {
  node = await startNode(['probe', 'ledger'])
})
afterAll(() => node.close())

const failing = (result: Verification): string[] => result.checks.filter((c) => !c.ok).map((c) => `${c.name}: ${c.detail}`)
const detailOf = (result: Verification, name: string): string => result.checks.find((c) => c.name === name)?.detail ?? ''

async function verified(id: string, salt?: Uint8Array): Promise<Verification> {
  expect((await node.api.receipt(id, 20_000)).anchor).not.toBeNull()
  const bundle = await node.api.bundle(id, salt === undefined ? {} : { salt })
  return verifyBundle(bundle, { trust: [node.genesis], reexecute })
}

const FUNCTIONS = [
  ['trap', 'trap'],
  ['spin', 'out-of-gas'],
] as const

test.each(FUNCTIONS)('a function that ends by %s answers 500 with a receipt of status %s over its whole gas', async (path, status) => {
  const response = await fetch(`${node.url}/fn/probe/${path}`)
  expect(response.status).toBe(500)
  expect(response.headers.get('content-security-policy')).toBe('sandbox')
  const { id, gas } = ticketOf(response)
  expect(gas).toBe(String(LIMITS.invokeGas))
  expect((await node.api.receipt(id)).body).toMatchObject({ status, gas: String(LIMITS.invokeGas), kind: 'invoke' })
  expect(failing(await verified(id))).toEqual([])
  // The node is up, and the same function serves the next request.
  expect(await (await fetch(`${node.url}/fn/probe/still/here`)).text()).toBe('/still/here')
})

test.each(FUNCTIONS)(
  'a contract call that ends by %s is final with status %s, costs its whole limit and changes nothing',
  async (entry, status) => {
    const gasLimit = '3000000'
    const response = await fetch(`${node.url}/v1/guests/ledger/calls`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ export: entry, args: [entry], gasLimit }),
    })
    expect(response.status).toBe(200)
    const result = (await response.json()) as CallResult
    expect(result).toMatchObject({ status, paid: gasLimit, result: null, events: [] })
    expect(ticketOf(response)).toMatchObject({ id: result.receipt, gas: result.gas })
    expect(await node.api.transaction(result.hash)).toMatchObject({
      state: 'final',
      status,
      gas: result.gas,
      paid: gasLimit,
      height: result.height,
    })
    expect((await node.api.query({ name: 'ledger', export: 'amount-of', args: [entry] })).result).toBe('0')
    // Gas is the run's, whose limit lies below the transaction's by what the transaction itself costs; paid is both.
    const body = (await node.api.receipt(result.receipt)).body
    expect(body).toMatchObject({ status, kind: 'call', gas: result.gas })
    const own = Number(gasLimit) - Number(body['gas'])
    expect(own).toBeGreaterThanOrEqual(PARAMS.tx.base + PARAMS.tx.byte * 100)
    expect(own).toBeLessThan(PARAMS.tx.base + PARAMS.tx.byte * 1_000)
    expect(failing(await verified(result.receipt))).toEqual([])
    const after = await node.api.call({ name: 'ledger', export: 'post', args: [{ label: entry, amount: '2' }, 3] })
    expect(after).toMatchObject({ status: 'ok', result: '6' })
  },
)

test('a query that traps or runs out of gas is refused with its code, and no block is made of it', async () => {
  expect.hasAssertions()
  const query = (entry: string): Promise<Response> =>
    fetch(`${node.url}/v1/guests/ledger/queries`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ export: entry, args: ['q'] }),
    })
  // Both write before they end, which a query must not.
  await refusal(await query('trap'), 'query_write', /trap/)
  await refusal(await query('spin'), 'query_write', /spin/)
})

async function posted(retention: string, body: string): Promise<ReceiptTicket> {
  const response = await fetch(`${node.url}/fn/probe/kept`, { method: 'POST', headers: { prefer: `retention=${retention}` }, body })
  expect(await response.text()).toBe(body)
  return ticketOf(response)
}

const holds = (bytes: Uint8Array, text: string): boolean => Buffer.from(bytes).includes(text)

test('what a public run kept stands in its bundle', async () => {
  const { id } = await posted('public', 'seen by all')
  expect((await node.api.receipt(id, 20_000)).body).toMatchObject({ retention: 'public' })
  expect(holds(await node.api.bundle(id), 'seen by all')).toBe(true)
})

test('what a sealed run kept opens with the salt of its answer only', async () => {
  const { id, salt } = await posted('sealed', 'for the caller alone')
  expect((await node.api.receipt(id, 20_000)).body).toMatchObject({ retention: 'sealed' })

  const closed = await node.api.bundle(id)
  expect(holds(closed, 'for the caller alone')).toBe(false)
  const unopened = await verifyBundle(closed, { trust: [node.genesis] })
  expect(failing(unopened)).toEqual([])
  expect(detailOf(unopened, 'input')).toMatch(/sealed/)
  // Without what it read, nobody can run it again; the check says so.
  expect(failing(await verifyBundle(closed, { trust: [node.genesis], reexecute }))).toEqual([
    expect.stringMatching(/^reexecution: .*not revealed/),
  ])

  const opened = await node.api.bundle(id, { salt })
  expect(holds(opened, 'for the caller alone')).toBe(true)
  expect(failing(await verified(id, salt))).toEqual([])

  const bundle = `${node.url}/v1/receipts/${id}/bundle`
  const wrong = Uint8Array.from(salt)
  wrong[0] = (wrong[0] as number) ^ 1
  const field = (bytes: Uint8Array): HeadersInit => ({ 'utnet-salt': `:${Buffer.from(bytes).toString('base64')}:` })
  await refusal(await fetch(bundle, { headers: field(wrong) }), 'receipt_withheld')
  await refusal(await fetch(bundle, { headers: field(new Uint8Array(0)) }), 'receipt_withheld')
  await refusal(await fetch(bundle, { headers: { 'utnet-salt': 'AAAA' } }), 'request_invalid', /Utnet-Salt/)
})

test('a run of which nothing is kept says so in its receipt, and its bundle holds without input and output', async () => {
  const { id, salt } = await posted('none', 'forgotten at once')
  expect((await node.api.receipt(id, 20_000)).body).toMatchObject({ retention: 'none' })
  for (const options of [{}, { salt }]) {
    const bundle = await node.api.bundle(id, options)
    expect(holds(bundle, 'forgotten at once')).toBe(false)
    const result = await verifyBundle(bundle, { trust: [node.genesis] })
    expect(failing(result)).toEqual([])
    expect(detailOf(result, 'output')).toMatch(/none/)
  }
})

test('a caller may ask for less than the route keeps, never for more', async () => {
  const strict = await startNode(['probe'], { retention: { default: 'sealed', routes: { probe: 'none' } } })
  try {
    const response = await fetch(`${strict.url}/fn/probe/x`, { headers: { prefer: 'retention=public' } })
    expect((await strict.api.receipt(ticketOf(response).id)).body).toMatchObject({ retention: 'none' })
  } finally {
    await strict.close()
  }
})

test('an answer that did not wait carries no attestation, and its receipt follows', async () => {
  const response = await fetch(`${node.url}/fn/probe/later`, { headers: { prefer: 'receipt=later' } })
  const { id, attestation } = ticketOf(response)
  expect(attestation.length).toBe(0)
  expect((await node.api.receipt(id, 20_000)).anchor).not.toBeNull()
  expect(receiptId(await node.api.receiptBytes(id)).toString()).toBe(id)
})
