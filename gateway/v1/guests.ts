/** `/v1/guests`: deploy, list, describe, call, query. */
import { z } from 'zod'
import { aname, callSalt, LIMITS, parseCid, type CallResult } from '../../runtime/core/index.ts'
import { bytes, json, route, type Route, type RouteKit } from '../http/index.ts'
import {
  formatReceipt,
  parseByteSequence,
  JSON_TYPE,
  RECEIPT_HEADER,
  SOURCE_MAP_HEADER,
  TRANSACTION_HEADER,
  WASM_TYPE,
} from '../wire/index.ts'
import { answers, cidText, count, heightField, limitOf, nameParam, nameText } from './fields.ts'
import { callResult, deployed, guest, guestDetail, queryResult, sourceMapView } from './schemas.ts'

const callBody = z.strictObject({ export: z.string().min(1), args: z.array(z.unknown()).default([]), gasLimit: count.exactOptional() })

const queryBody = z.strictObject({
  export: z.string().min(1),
  args: z.array(z.unknown()).default([]),
  at: heightField.exactOptional(),
  proof: z.boolean().exactOptional(),
})

/** The receipt field of a call: its salt follows from the transaction, and it has no attestation but the chain's own. */
function receiptField(result: CallResult): Record<string, string> {
  const { receipt, gas, hash } = result
  return { [RECEIPT_HEADER]: formatReceipt({ id: receipt, gas, salt: callSalt(parseCid(hash, 'hash')), attestation: new Uint8Array(0) }) }
}

/** Routes of the guests. */
export function guestRoutes({ node, page, dev }: RouteKit): readonly Route[] {
  const deploy = route({
    method: 'post',
    path: '/v1/guests',
    id: 'deployGuest',
    summary: 'Deploy a component. The dev account publishes it, or a signed publish transaction in the field Utnet-Transaction.',
    query: z.object({ name: nameText }),
    headers: z.object({
      [TRANSACTION_HEADER]: z.string().exactOptional().describe('byte sequence (RFC 9651) of a signed publish transaction'),
      [SOURCE_MAP_HEADER]: z.string().exactOptional().describe('CID of the source map, which may be put afterwards'),
    }),
    body: { kind: 'bytes', types: [WASM_TYPE] },
    guard: (request) => (request.headers.has(TRANSACTION_HEADER) ? page(request) : dev(request)),
    outcomes: [answers(201, 'deployed', deployed)],
    handle: async ({ request, query, body: component }: { request: Request; query: { name: string }; body: Uint8Array }) => {
      const name = aname(query.name)
      const field = request.headers.get(TRANSACTION_HEADER)
      const transaction = field === null ? {} : { transaction: parseByteSequence(field, 'Utnet-Transaction') }
      const map = request.headers.get(SOURCE_MAP_HEADER)
      const sourceMap = map === null ? {} : { sourceMap: parseCid(map, 'Utnet-Source-Map').toString() }
      return json(await node.deploy({ name, component, ...transaction, ...sourceMap }), 201, { location: `/v1/guests/${name}` })
    },
  })
  const putMap = route({
    method: 'put',
    path: '/v1/guests/{name}/source-map',
    id: 'putSourceMap',
    summary: 'Bring the source map that the deployment named; errors then tell the line of the author.',
    params: nameParam,
    body: { kind: 'bytes', types: [JSON_TYPE], limit: 'deployedMapBytes' },
    guard: page,
    outcomes: [answers(200, 'the map that is kept', sourceMapView)],
    handle: async ({ params, body }: { params: { name: string }; body: Uint8Array }) =>
      json(await node.putSourceMap(aname(params.name), body)),
  })
  const readMap = route({
    method: 'get',
    path: '/v1/source-maps/{module}',
    id: 'getSourceMap',
    summary: 'The source map of a module (ECMA-426), where the node has one.',
    params: z.object({ module: cidText }),
    outcomes: [{ status: 200, description: 'the map', types: { [JSON_TYPE]: z.record(z.string(), z.unknown()) } }],
    handle: async ({ params }) => bytes(JSON_TYPE, await node.sourceMap(parseCid(params.module, 'module').toString())),
  })
  const list = route({
    method: 'get',
    path: '/v1/guests',
    id: 'listGuests',
    summary: 'What is deployed, by name. A page that is full names the next in the field Link (RFC 8288).',
    query: z.object({
      after: z.string().exactOptional().describe('name that they come behind; from the first without it'),
      limit: limitOf(LIMITS.listedGuests).describe(`${LIMITS.listedGuests} without it`),
    }),
    outcomes: [answers(200, 'the guests', z.array(guest))],
    handle: async ({ query: { after, limit = LIMITS.listedGuests } }) => {
      const page = await node.guests({ ...(after === undefined ? {} : { after: aname(after) }), limit })
      const last = page.length < limit ? undefined : page.at(-1)
      return json(page, 200, last === undefined ? {} : { link: `</v1/guests?after=${last.name}&limit=${limit}>; rel="next"` })
    },
  })
  const describe = route({
    method: 'get',
    path: '/v1/guests/{name}',
    id: 'describeGuest',
    summary: 'Exports with their WIT types, imports, versions.',
    params: nameParam,
    outcomes: [answers(200, 'the guest', guestDetail)],
    handle: async ({ params }) => json(await node.guest(aname(params.name))),
  })
  const call = route({
    method: 'post',
    path: '/v1/guests/{name}/calls',
    id: 'callGuest',
    summary: 'Run a contract call from the dev account and wait for finality.',
    params: nameParam,
    body: { kind: 'json', schema: callBody },
    guard: dev,
    outcomes: [answers(200, 'how the call ended', callResult)],
    handle: async ({ params, body }) => {
      const result = await node.call({ name: aname(params.name), ...body })
      return json(result, 200, receiptField(result))
    },
  })
  const query = route({
    method: 'post',
    path: '/v1/guests/{name}/queries',
    id: 'queryGuest',
    summary: 'Run a contract export read-only against a final state.',
    params: nameParam,
    body: { kind: 'json', schema: queryBody },
    guard: page,
    outcomes: [answers(200, 'the result', queryResult)],
    handle: async ({ params, body }) => json(await node.query({ name: aname(params.name), ...body })),
  })
  return [deploy, putMap, readMap, list, describe, call, query]
}
