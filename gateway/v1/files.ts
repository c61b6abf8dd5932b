/** `/v1/files`: files that components mount. */
import { json, route, type Route, type RouteKit } from '../http/index.ts'
import { BYTES_TYPE } from '../wire/index.ts'
import { answers } from './fields.ts'
import { file } from './schemas.ts'

/** Routes of the files. */
export function fileRoutes({ node, dev }: RouteKit): readonly Route[] {
  const add = route({
    method: 'post',
    path: '/v1/files',
    id: 'addFile',
    summary: 'Add a file that components may mount by its CID; without a body the empty one.',
    body: { kind: 'bytes', types: [BYTES_TYPE], limit: 'mountBytes', untyped: true, optional: true },
    guard: dev,
    outcomes: [answers(201, 'added', file)],
    handle: async ({ body }: { body: Uint8Array }) => {
      const view = await node.addFile(body)
      return json(view, 201, { location: `/ipfs/${view.cid}` })
    },
  })
  return [add]
}
