/** Requests that do not fit: each is refused with its code and the offender's name, changes nothing, and the node goes on answering. */
import { request as httpRequest } from 'node:http'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { cidOf, DAG_CBOR, fileCid, LIMITS, toHex, utf8 } from '../../runtime/core/index.ts'
import { verifyBundle } from '../../runtime/verify/index.ts'
import { smallModel, startNode, ticketOf, type RealNode } from './kit/node.ts'
import { JSON_HEADERS, postJson, refusal } from './kit/problem.ts'

let node: RealNode
let guests: string
let models: string

const call = (document: unknown, name = 'ledger'): Promise<Response> => postJson(`${node.url}/v1/guests/${name}/calls`, document)
const query = (document: unknown, name = 'ledger'): Promise<Response> => postJson(`${node.url}/v1/guests/${name}/queries`, document)
const infer = (name: string, inputs: unknown): Promise<Response> => postJson(`${node.url}/v2/models/${name}/infer`, { inputs })
const amountOf = async (label: string): Promise<unknown> =>
  (await node.api.query({ name: 'ledger', export: 'amount-of', args: [label] })).result

beforeAll(async () => {
  node = await startNode(['probe', 'ledger', 'read-text', 'matmul'])
  await node.api.putModel('cls', smallModel())
  guests = JSON.stringify(await node.api.guests())
  models = JSON.stringify(await node.api.models())
})
afterAll(() => node.close())
/** Whatever was refused left nothing behind, and the node goes on. */
async function mustBeIntact(): Promise<void> {
  expect((await fetch(`${node.url}/readyz`)).status).toBe(200)
  expect(JSON.stringify(await node.api.guests())).toBe(guests)
  expect(JSON.stringify(await node.api.models())).toBe(models)
}
afterEach(mustBeIntact)

test('arguments that do not fit their WIT types are refused by path, before anything is sent', async () => {
  const { height } = await node.api.chain()
  const good = { label: 'a', amount: '5' }
  const cases: readonly (readonly [unknown, string])[] = [
    [[good, -1], 'args[1]'],
    [[good, 2 ** 32], 'args[1]'],
    [[good, 1.5], 'args[1]'],
    [[good, '1'], 'args[1]'],
    [[{ label: 7, amount: '5' }, 1], 'args[0].label'],
    [[{ label: 'a', amount: '-5' }, 1], 'args[0].amount'],
    [[{ label: 'a', amount: '18446744073709551616' }, 1], 'args[0].amount'],
    [[{ label: 'a' }, 1], 'args[0].amount'],
    [[{ ...good, extra: 1 }, 1], 'args[0].extra'],
    [['a', 1], 'args[0]'],
    [[null, 1], 'args[0]'],
  ]
  for (const [args, path] of cases) {
    await refusal(await call({ export: 'post', args }), 'value_mismatch', path)
    await refusal(await query({ export: 'post', args }), 'value_mismatch', path)
  }
  for (const args of [[], [good], [good, 1, 1]]) await refusal(await call({ export: 'post', args }), 'value_mismatch', /post takes 2/)
  // A heartbeat may have made a block; none of them holds a call.
  const now = await node.api.chain()
  for (let h = height + 1; h <= now.height; h++) expect((await node.api.block(h)).transactions.filter((t) => t.kind === 'call')).toEqual([])
})

test('documents that are no call are refused by field', async () => {
  expect.hasAssertions()
  const post = (body: string, type = 'application/json'): Promise<Response> =>
    fetch(`${node.url}/v1/guests/ledger/calls`, { method: 'POST', headers: { 'content-type': type }, body })
  await refusal(await post('{"export":'), 'request_invalid', /JSON/)
  await refusal(await post('[]'), 'request_invalid', /body/)
  await refusal(await post('{"args":[]}'), 'request_invalid', /export/)
  await refusal(await post('{"export":"post","args":{}}'), 'request_invalid', /args/)
  await refusal(await post('{"export":"post","args":[],"more":1}'), 'request_invalid', /more/)
  await refusal(await post('{"export":"post","args":[],"gasLimit":"-1"}'), 'request_invalid', /gasLimit/)
  const over = await refusal(
    await post('{"export":"post","args":[{"label":"a","amount":"1"},1],"gasLimit":"18446744073709551615"}'),
    'tx_gas',
    /gasLimit/,
  )
  expect(over).toMatchObject({ limit: 'blockGas', allowed: LIMITS.blockGas })
  await refusal(await post('{}', 'text/plain'), 'request_media_type', /text\/plain/)
  await refusal(await post(`${'['.repeat(5_000)}${']'.repeat(5_000)}`), 'request_invalid', /jsonDepth/)
})

test('unknown guests, exports, models, routes and methods are named', async () => {
  expect.hasAssertions()
  await refusal(await call({ export: 'post', args: [] }, 'nobody'), 'guest_not_found', /nobody/)
  await refusal(await query({ export: 'post', args: [] }, 'nobody'), 'guest_not_found', /nobody/)
  await refusal(await fetch(`${node.url}/fn/nobody/`), 'guest_not_found', /nobody/)
  await refusal(await fetch(`${node.url}/v1/guests/nobody`), 'guest_not_found', /nobody/)
  await refusal(await call({ export: 'steal', args: [] }), 'guest_export_not_found', /steal/)
  await refusal(await query({ export: 'steal', args: [] }), 'guest_export_not_found', /steal/)
  await refusal(await call({ export: 'handle', args: [] }, 'probe'), 'guest_world', /probe is a function/)
  await refusal(await fetch(`${node.url}/fn/ledger/`), 'guest_world', /ledger is a contract/)
  await refusal(await infer('nobody', []), 'model_not_found', /nobody/)
  await refusal(await fetch(`${node.url}/v1/models/nobody`), 'model_not_found', /nobody/)
  await refusal(await fetch(`${node.url}/v1/nothing`), 'route_not_found')
  await refusal(await fetch(`${node.url}/v1/chain`, { method: 'POST' }), 'method_not_allowed')
})

test('a body one byte over the limit is refused with limit, used and allowed, on every route that takes bytes', async () => {
  const over = new Uint8Array(LIMITS.bodyBytes + 1)
  const routes: readonly (readonly [string, string, string])[] = [
    ['POST', '/fn/probe/', 'application/octet-stream'],
    ['POST', '/v1/guests?name=bad', 'application/wasm'],
    ['PUT', '/v1/models/bad', 'application/octet-stream'],
    ['POST', '/v1/guests/ledger/calls', 'application/json'],
    ['POST', '/v2/models/cls/infer', 'application/json'],
  ]
  for (const [method, path, type] of routes) {
    const response = await fetch(node.url + path, { method, headers: { 'content-type': type }, body: over })
    expect(await refusal(response, 'request_too_large', 'bodyBytes')).toMatchObject({
      limit: 'bodyBytes',
      used: LIMITS.bodyBytes + 1,
      allowed: LIMITS.bodyBytes,
    })
  }
  const file = await fetch(`${node.url}/v1/files`, { method: 'POST', body: over })
  expect(await refusal(file, 'request_too_large')).toMatchObject({ limit: 'mountBytes', allowed: LIMITS.mountBytes })
  const tx = await fetch(`${node.url}/v1/transactions`, { method: 'POST', body: new Uint8Array(LIMITS.txBytes + 1) })
  expect(await refusal(tx, 'request_too_large')).toMatchObject({ limit: 'txBytes', allowed: LIMITS.txBytes })
})

test('a body over the limit without an announced length is cut off at the limit', async () => {
  const status = await new Promise<number>((resolve, reject) => {
    const request = httpRequest(`${node.url}/fn/probe/`, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
      request.destroy()
    })
    request.on('error', reject)
    const chunk = Buffer.alloc(1 << 20)
    let sent = 0
    const more = (): void => {
      if (sent > LIMITS.bodyBytes || request.destroyed) return
      sent += chunk.length
      request.write(chunk, more)
    }
    more()
  })
  expect(status).toBe(413)
})

test('a function decides on its own what is no PNG, and its answer has a receipt that stands', async () => {
  const response = await fetch(`${node.url}/fn/read-text`, {
    method: 'POST',
    headers: { 'content-type': 'image/png' },
    body: 'GIF89a, not a PNG',
  })
  expect(response.status).toBe(400)
  const { id } = ticketOf(response)
  expect(await node.api.receipt(id, 20_000)).toMatchObject({ id, body: { status: 'ok', kind: 'invoke' } })
  expect((await verifyBundle(await node.api.bundle(id), { trust: [node.genesis] })).checks.filter((c) => !c.ok)).toEqual([])
})

test('bytes that are no model are refused', async () => {
  const put = (body: string | Uint8Array): Promise<Response> =>
    fetch(`${node.url}/v1/models/bad`, { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body: body as BodyInit })
  await refusal(await put('not a model'), 'model_invalid')
  await refusal(await put(''), 'model_invalid')
  const cut = smallModel().subarray(0, 5_000)
  await refusal(await put(cut), 'model_invalid')
  expect((await fetch(`${node.url}/ipfs/${fileCid(cut).toString()}`)).status).toBe(404)
  const named = await fetch(`${node.url}/v1/models/Bad`, { method: 'PUT', body: new Uint8Array(8) })
  await refusal(named, 'name_invalid', /Bad/)
})

test('tensors of another type, shape, name or number are refused by name', async () => {
  const { inputs } = await node.api.model('cls')
  const name = inputs[0]?.name ?? ''
  const good = { name, datatype: 'FP32', shape: [1, 3, 48, 192], data: Array.from({ length: 3 * 48 * 192 }, () => 0) }
  const before = await node.api.infer({
    model: 'cls',
    inputs: [{ name, dtype: 'f32', shape: good.shape, data: new Uint8Array(4 * good.data.length) }],
  })
  expect(before.receipt.id).toMatch(/^bafy/)
  const quote = name.replaceAll('.', '\\.')
  await refusal(await infer('cls', [{ ...good, datatype: 'INT32' }]), 'tensor_dtype', new RegExp(quote))
  await refusal(await infer('cls', [{ ...good, shape: [1, 4, 48, 144] }]), 'tensor_shape', new RegExp(quote))
  await refusal(await infer('cls', [{ ...good, shape: [3, 48, 192] }]), 'tensor_shape', new RegExp(quote))
  await refusal(await infer('cls', [{ ...good, data: good.data.slice(1) }]), 'tensor_shape', new RegExp(quote))
  await refusal(await infer('cls', [{ ...good, shape: [1, -3, 48, 192] }]), 'tensor_shape', new RegExp(quote))
  await refusal(await infer('cls', [{ ...good, name: 'y' }]), 'tensor_input', /y/)
  await refusal(await infer('cls', [good, good]), 'tensor_input', new RegExp(quote))
  await refusal(await infer('cls', []), 'tensor_input', new RegExp(quote))
  await refusal(await infer('cls', [{ ...good, datatype: 'FP99' }]), 'tensor_dtype', /FP99/)
  await refusal(await infer('cls', 'none'), 'tensor_input', /inputs/)
  await refusal(await infer('matmul', [{ name: 'a', datatype: 'FP32', shape: [1, 1], data: [1] }]), 'tensor_input', /matmul/)
})

test('a query may not write, nor look above the head', async () => {
  await refusal(await query({ export: 'post', args: [{ label: 'q', amount: '1' }, 1] }), 'query_write', /post/)
  expect(await amountOf('q')).toBe('0')
  const { height } = await node.api.chain()
  await refusal(await query({ export: 'amount-of', args: ['q'], at: height + 1_000 }), 'chain_height', new RegExp(String(height + 1_000)))
  await refusal(await query({ export: 'amount-of', args: ['q'], at: -1 }), 'request_invalid', /at/)
  await refusal(await fetch(`${node.url}/v1/chain/blocks/${height + 1_000}`), 'chain_height', new RegExp(String(height + 1_000)))
  await refusal(await fetch(`${node.url}/v1/chain/blocks/last`), 'request_invalid', /height/)
})

test('receipts and files that are not there, and ids that are none, are refused', async () => {
  expect.hasAssertions()
  const unknown = cidOf(DAG_CBOR, utf8('no receipt')).toString()
  await refusal(await fetch(`${node.url}/v1/receipts/${unknown}`), 'receipt_not_found', new RegExp(unknown))
  await refusal(await fetch(`${node.url}/v1/receipts/${unknown}/bundle`), 'receipt_not_found', new RegExp(unknown))
  await refusal(await fetch(`${node.url}/v1/receipts/bafynot`), 'core_bad_text', /bafynot/)
  await refusal(await fetch(`${node.url}/v1/receipts/${unknown.slice(0, -1)}`), 'core_bad_text')
  await refusal(await fetch(`${node.url}/v1/receipts/${unknown.toUpperCase()}`), 'core_bad_text')
  await refusal(await fetch(`${node.url}/ipfs/${unknown}`), 'block_not_found')
  await refusal(await fetch(`${node.url}/ipfs/not-a-cid`), 'core_bad_text')
  await refusal(await fetch(`${node.url}/v1/accounts/ut1nobody`), 'core_bad_text', /ut1nobody/)
  await refusal(await fetch(`${node.url}/v1/transactions/${unknown}`), 'tx_not_found', new RegExp(unknown))
})

test('preferences, headers and requests that are none are refused', async () => {
  await refusal(await fetch(`${node.url}/fn/probe/`, { headers: { prefer: 'retention=forever' } }), 'request_invalid', /forever/)
  const long = await fetch(`${node.url}/fn/probe/`, { headers: { 'x-long': 'x'.repeat(LIMITS.headerBytes) } })
  expect(long.status).toBe(431)
  expect(await long.json()).toMatchObject({ code: 'request_too_large', limit: 'headerBytes' })
})

test('a name in a path cannot leave its route', async () => {
  expect.hasAssertions()
  for (const path of ['/fn/..%2f..%2fv1', '/fn/%00', '/fn/A', `/fn/${'a'.repeat(64)}`]) {
    await refusal(await fetch(node.url + path), 'name_invalid')
  }
  await refusal(await fetch(`${node.url}/v1/guests/${toHex(utf8('x'.repeat(40)))}`), 'name_invalid')
  await refusal(await fetch(`${node.url}/v1/receipts/..%2f..%2fetc%2fpasswd`, { headers: JSON_HEADERS }), 'core_bad_text')
})
