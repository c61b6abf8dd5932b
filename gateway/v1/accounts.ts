/** `/v1/accounts` and `/v1/transactions`. */
import { z } from 'zod'
import { formatAddress, parseAddress, parseCid } from '../../runtime/core/index.ts'
import { json, route, type Route, type RouteKit } from '../http/index.ts'
import { BYTES_TYPE, CBOR_TYPE } from '../wire/index.ts'
import { answers, cidText, flag, wait } from './fields.ts'
import { account, submitted, transaction } from './schemas.ts'

const addressParam = z.object({ address: z.string().meta({ pattern: '^ut1[02-9ac-hj-np-z]{38}$' }) })

/** Routes of accounts and transactions. */
export function accountRoutes({ node, page, dev }: RouteKit): readonly Route[] {
  const address = (text: string): string => formatAddress(parseAddress(text))
  const read = route({
    method: 'get',
    path: '/v1/accounts/{address}',
    id: 'readAccount',
    summary: 'Balance and nonce, with a state proof on request.',
    params: addressParam,
    query: z.object({ proof: flag }),
    outcomes: [answers(200, 'the account', account)],
    handle: async ({ params, query }) => json(await node.account(address(params.address), query.proof === true)),
  })
  const fund = route({
    method: 'post',
    path: '/v1/accounts/{address}/fund',
    id: 'fundAccount',
    summary: 'Fund an account from the dev account.',
    params: addressParam,
    guard: dev,
    outcomes: [answers(200, 'the account', account)],
    handle: async ({ params }) => json(await node.fund(address(params.address))),
  })
  const submit = route({
    method: 'post',
    path: '/v1/transactions',
    id: 'submitTransaction',
    summary: 'Take a signed transaction.',
    body: { kind: 'bytes', types: [CBOR_TYPE, 'application/cbor', BYTES_TYPE], limit: 'txBytes', untyped: true },
    guard: page,
    outcomes: [answers(202, 'taken', submitted)],
    handle: async ({ body }: { body: Uint8Array }) => {
      const { hash } = await node.submit(body)
      return json({ hash }, 202, { location: `/v1/transactions/${hash}` })
    },
  })
  const find = route({
    method: 'get',
    path: '/v1/transactions/{hash}',
    id: 'readTransaction',
    summary: 'A transaction; with wait it is waited for, at most that long.',
    params: z.object({ hash: cidText }),
    query: z.object({ wait }),
    outcomes: [answers(200, 'the transaction', transaction)],
    handle: async ({ params, query }) => json(await node.transaction(parseCid(params.hash, 'transaction hash').toString(), query.wait)),
  })
  return [read, fund, submit, find]
}
