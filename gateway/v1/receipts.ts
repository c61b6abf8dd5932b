/** `/v1/receipts`: receipts and proof bundles. */
import { z } from 'zod'
import { parseCid } from '../../runtime/core/index.ts'
import { bytes, json, negotiate, route, type Route, type RouteKit } from '../http/index.ts'
import { CAR_TYPE, CBOR_TYPE, JSON_TYPE, parseByteSequence, SALT_HEADER } from '../wire/index.ts'
import { answers, cidText, flag, heightParam, wait } from './fields.ts'
import { receipt, verdict } from './schemas.ts'

const idParam = z.object({ id: cidText })

/** Routes of the receipts, and of what validators say of them. */
export function receiptRoutes({ node, page }: RouteKit): readonly Route[] {
  const idOf = (text: string): string => parseCid(text, 'receipt id').toString()
  const read = route({
    method: 'get',
    path: '/v1/receipts/{id}',
    id: 'readReceipt',
    summary:
      'A receipt: its JSON view, or the canonical bytes of its body by Accept. With wait its anchor is waited for, at most that long.',
    params: idParam,
    query: z.object({ wait }),
    outcomes: [{ status: 200, description: 'the receipt', types: { [JSON_TYPE]: receipt, [CBOR_TYPE]: null } }],
    handle: async ({ request, params, query }) => {
      const id = idOf(params.id)
      const type = negotiate(request.headers.get('accept'), [JSON_TYPE, CBOR_TYPE])
      if (type === JSON_TYPE) return json(await node.receipt(id, query.wait), 200, { vary: 'Accept' })
      if (query.wait !== undefined) await node.receipt(id, query.wait)
      return bytes(CBOR_TYPE, await node.receiptBytes(id), { vary: 'Accept' })
    },
  })
  const bundle = route({
    method: 'get',
    path: '/v1/receipts/{id}/bundle',
    id: 'readBundle',
    summary: 'The proof bundle of an anchored receipt, a CARv1 file; with models=true the models stand in it.',
    params: idParam,
    query: z.object({
      models: flag,
      from: heightParam.exactOptional().describe('trusted height that its epoch chain begins at; the genesis without it'),
    }),
    headers: z.object({
      [SALT_HEADER]: z.string().exactOptional().describe('byte sequence (RFC 9651): the salt that opens a sealed receipt'),
    }),
    outcomes: [{ status: 200, description: 'the bundle', types: { [CAR_TYPE]: null } }],
    handle: async ({ request, params, query }) => {
      const id = idOf(params.id)
      negotiate(request.headers.get('accept'), [CAR_TYPE])
      const field = request.headers.get(SALT_HEADER)
      const salt = field === null ? {} : { salt: parseByteSequence(field, 'Utnet-Salt') }
      const car = await node.bundle(id, {
        withModels: query.models === true,
        ...salt,
        ...(query.from === undefined ? {} : { from: query.from }),
      })
      return bytes(CAR_TYPE, car, {
        'content-disposition': `attachment; filename="${id}.car"`,
        'content-length': String(car.length),
      })
    },
  })
  const verdicts = route({
    method: 'post',
    path: '/v1/verdicts',
    id: 'askVerdict',
    summary:
      'A validator weighs evidence against a leaf of an anchored batch (canonical dag-cbor, docs/spec/rollup.md), and signs if it finds it wrong itself. It weighs a few at a time.',
    body: { kind: 'bytes', types: [CBOR_TYPE] },
    outcomes: [answers(200, 'its verdict', verdict)],
    guard: page,
    handle: async ({ body: request }: { body: Uint8Array }) => json(await node.verdict(request)),
  })
  return [read, bundle, verdicts]
}
