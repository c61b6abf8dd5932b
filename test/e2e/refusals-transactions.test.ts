/** Transactions that are none, or are not to be taken: refused with their code, and no account changes. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cidOf, DAG_CBOR, fileCid, utf8 } from '../../runtime/core/index.ts'
import { testAccount } from './kit/account.ts'
import { component } from './kit/guests.ts'
import { startNode, type RealNode } from './kit/node.ts'
import { refusal } from './kit/problem.ts'

let node: RealNode

beforeAll(async () => {
  node = await startNode(['ledger'])
})
afterAll(() => node.close())

test("another owner's name cannot be published over, by transaction or by the dev account", async () => {
  const alice = testAccount('alice')
  const bob = testAccount('bob')
  for (const { address } of [alice, bob]) await node.api.fund(address)
  const bytes = await component('token')
  const { module } = await node.api.guest('ledger')
  const payload = { kind: 'publish', name: 'ledger', module: fileCid(bytes), world: 'contract', size: bytes.length } as const
  const transaction = await alice.sign(node.api, payload)
  const field = `:${Buffer.from(transaction).toString('base64')}:`
  const response = await fetch(`${node.url}/v1/guests?name=ledger`, {
    method: 'POST',
    headers: { 'content-type': 'application/wasm', 'utnet-transaction': field },
    body: Uint8Array.from(bytes),
  })
  await refusal(response, 'name_taken', /ledger/)
  await refusal(await fetch(`${node.url}/v1/transactions`, { method: 'POST', body: transaction as BodyInit }), 'name_taken', /ledger/)
  expect((await node.api.guest('ledger')).module).toBe(module)
  // A transaction for another name or other bytes does not carry these.
  const other = await bob.sign(node.api, { ...payload, name: 'mine' })
  const mixed = await fetch(`${node.url}/v1/guests?name=yours`, {
    method: 'POST',
    headers: { 'content-type': 'application/wasm', 'utnet-transaction': `:${Buffer.from(other).toString('base64')}:` },
    body: Uint8Array.from(bytes),
  })
  await refusal(mixed, 'tx_invalid', /yours/)
  expect((await node.api.account(alice.address)).nonce).toBe(0)
})

test('transactions that are none, or are not to be taken, are refused with their code and leave no trace', async () => {
  const carol = testAccount('carol')
  const poor = testAccount('poor')
  await node.api.fund(carol.address)
  const transfer = { kind: 'transfer', to: poor.raw, value: 1n } as const
  const send = (wire: Uint8Array): Promise<Response> =>
    fetch(`${node.url}/v1/transactions`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: wire as BodyInit,
    })
  const { height, chainId } = await node.api.chain()
  const before = await node.api.account(carol.address)

  const signed = await carol.sign(node.api, transfer)
  const forged = Uint8Array.from(signed)
  forged[forged.length - 1] = (forged.at(-1) as number) ^ 1
  await refusal(await send(forged), 'tx_signature')
  await refusal(await send(await carol.sign(node.api, transfer, { sender: testAccount('mallory').key })), 'tx_balance')
  await refusal(await send(await carol.sign(node.api, transfer, { nonce: 7_000_000 })), 'tx_nonce', /7000000/)
  const otherChain = cidOf(DAG_CBOR, utf8('another chain'))
  await refusal(await send(await carol.sign(node.api, transfer, { chainId: otherChain })), 'tx_chain', new RegExp(chainId))
  await refusal(await send(await carol.sign(node.api, transfer, { expiry: height - 1 })), 'tx_expired', new RegExp(String(height - 1)))
  await refusal(await send(await carol.sign(node.api, { ...transfer, value: 10n ** 30n })), 'tx_balance')
  await refusal(await send(await carol.sign(node.api, transfer, { gasLimit: 1n })), 'tx_gas')
  await refusal(await send(await carol.sign(node.api, transfer, { gasLimit: 10n ** 15n })), 'tx_gas', /blockGas/)
  await refusal(await send(await carol.sign(node.api, transfer, { maxFeePerGas: 0n })), 'tx_gas')
  await refusal(await send(await poor.sign(node.api, transfer)), 'tx_balance')
  for (const garbage of [
    new Uint8Array(0),
    Uint8Array.of(0xff, 0, 1),
    new Uint8Array(1_000),
    signed.subarray(0, -1),
    Uint8Array.of(...signed, 0),
  ])
    await refusal(await send(garbage), 'tx_invalid')
  expect(await node.api.account(carol.address)).toEqual(before)
  expect((await node.api.chain()).mempool).toBe(0)

  const taken = await send(signed)
  expect(taken.status).toBe(202)
  const { hash } = (await taken.json()) as { hash: string }
  expect(await node.api.transaction(hash, 20_000)).toMatchObject({ state: 'final', status: 'ok' })
  // What stands in a block already is an old nonce; it changes nothing a second time.
  await refusal(await send(await carol.sign(node.api, transfer, { nonce: 0 })), 'tx_nonce')
  expect((await node.api.account(poor.address)).balance).toBe('1')
})
