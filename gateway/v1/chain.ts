/** `/v1/chain`, `/v1/node` and the live events. */
import { z } from 'zod'
import { LIMITS } from '../../runtime/core/index.ts'
import { bytes, json, negotiate, route, type Route, type RouteKit } from '../http/index.ts'
import { CBOR_TYPE, EVENTS_TYPE } from '../wire/index.ts'
import { eventStream } from './event-stream.ts'
import { answers, flag, heightParam, limitOf, repeated, texts } from './fields.ts'
import { block, chain, epoch, eventPage, nodeInfo, power } from './schemas.ts'

/** Routes of the chain and of the node itself. */
export function chainRoutes({ node, heartbeatMs, onError }: RouteKit): readonly Route[] {
  const info = route({
    method: 'get',
    path: '/v1/node',
    id: 'readNode',
    summary: 'What this node is.',
    outcomes: [answers(200, 'the node', nodeInfo)],
    handle: async () => json(await node.info()),
  })
  const head = route({
    method: 'get',
    path: '/v1/chain',
    id: 'readChain',
    summary: 'The head of the chain.',
    outcomes: [answers(200, 'the head', chain)],
    handle: async () => json(await node.chain()),
  })
  const at = route({
    method: 'get',
    path: '/v1/chain/blocks/{height}',
    id: 'readBlock',
    summary: 'A final block.',
    params: z.object({ height: heightParam }),
    outcomes: [answers(200, 'the block', block)],
    handle: async ({ params }) => json(await node.block(params.height)),
  })
  const ends = route({
    method: 'get',
    path: '/v1/chain/epochs/{epoch}',
    id: 'readEpoch',
    summary:
      'The end of an epoch for light clients: its last header, certificate and power delta, or the steps from a trusted height to it; with set=true the next set.',
    params: z.object({ epoch: heightParam }),
    query: z.object({ from: heightParam.exactOptional(), set: flag }),
    outcomes: [answers(200, 'the steps', epoch)],
    handle: async ({ params, query }) =>
      json(
        await node.epoch(params.epoch, {
          set: query.set === true,
          ...(query.from === undefined ? {} : { from: query.from }),
        }),
      ),
  })
  const line = route({
    method: 'get',
    path: '/v1/chain/power',
    id: 'readPower',
    summary: 'The set that votes in an epoch, with its shares; without epoch that of the next block.',
    query: z.object({ epoch: heightParam.exactOptional() }),
    outcomes: [answers(200, 'the set', power)],
    handle: async ({ query }) => json(await node.power(query.epoch)),
  })
  const genesis = route({
    method: 'get',
    path: '/v1/chain/genesis',
    id: 'readGenesis',
    summary: 'The genesis in canonical dag-cbor; its CID is the chain id.',
    outcomes: [{ status: 200, description: 'the genesis', types: { [CBOR_TYPE]: null } }],
    handle: async ({ request }) => {
      negotiate(request.headers.get('accept'), [CBOR_TYPE])
      return bytes(CBOR_TYPE, await node.genesis())
    },
  })
  const search = route({
    method: 'get',
    path: '/v1/chain/events',
    id: 'searchEvents',
    summary:
      'Events and transactions of final blocks that meet every filter (KIND=VALUE; contract, event, address, variable, tx, record). One page reads a bounded number of rows; next is the mark to go on behind.',
    query: z.object({
      filter: texts,
      from: heightParam.exactOptional(),
      to: heightParam.exactOptional(),
      after: z.string().exactOptional(),
      limit: limitOf(LIMITS.searchEntries),
      proof: flag,
    }),
    outcomes: [answers(200, 'a page', eventPage)],
    handle: async ({ request, query: { filter: _, proof, ...rest } }) =>
      json(await node.chainEvents({ ...rest, filter: repeated(request, 'filter'), proof: proof === true })),
  })
  const events = route({
    method: 'get',
    path: '/v1/events',
    id: 'streamEvents',
    summary:
      'Blocks, receipts, anchors and contract events as they happen (server-sent events; the event names the type). With filter: the entries of final blocks that match. Last-Event-ID, or after, goes on behind a mark.',
    query: z.object({ filter: texts, after: z.string().exactOptional() }),
    headers: z.object({ 'last-event-id': z.string().exactOptional() }),
    outcomes: [{ status: 200, description: 'the stream', types: { [EVENTS_TYPE]: z.string() } }],
    handle: async ({ request, query, closing }) => {
      negotiate(request.headers.get('accept'), [EVENTS_TYPE])
      const filter = repeated(request, 'filter')
      const after = request.headers.get('last-event-id') ?? query.after
      const asked = { ...(filter.length === 0 ? {} : { filter }), ...(after === undefined ? {} : { after }) }
      // Asked once before the stream stands: a refusal is still a refusal then.
      if (filter.length > 0 || after !== undefined) await node.chainEvents({ ...asked, to: 0, limit: 1 })
      const body = eventStream((signal) => node.events(signal, asked), {
        closing,
        heartbeatMs,
        onError: (error) => onError(error, request),
      })
      // nginx keeps an answer back until it has a buffer full, unless told
      return { status: 200, type: EVENTS_TYPE, body, headers: { 'cache-control': 'no-store', 'x-accel-buffering': 'no' } }
    },
  })
  return [info, head, at, ends, line, genesis, search, events]
}
