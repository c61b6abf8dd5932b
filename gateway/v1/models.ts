/** `/v1/models`: ONNX models. */
import { z } from 'zod'
import { aname } from '../../runtime/core/index.ts'
import { json, route, type Route, type RouteKit } from '../http/index.ts'
import { BYTES_TYPE } from '../wire/index.ts'
import { answers, nameParam } from './fields.ts'
import { model } from './schemas.ts'

/** Routes of the models. */
export function modelRoutes({ node, dev }: RouteKit): readonly Route[] {
  const put = route({
    method: 'put',
    path: '/v1/models/{name}',
    id: 'putModel',
    summary: 'Add an ONNX model.',
    params: nameParam,
    body: { kind: 'bytes', types: [BYTES_TYPE, 'application/onnx', 'application/x-onnx'], untyped: true },
    guard: dev,
    outcomes: [answers(201, 'added', model)],
    handle: async ({ params, body }: { params: { name: string }; body: Uint8Array }) => {
      const name = aname(params.name)
      return json(await node.putModel(name, body), 201, { location: `/v1/models/${name}` })
    },
  })
  const list = route({
    method: 'get',
    path: '/v1/models',
    id: 'listModels',
    summary: 'The models of this node.',
    outcomes: [answers(200, 'the models', z.array(model))],
    handle: async () => json(await node.models()),
  })
  const describe = route({
    method: 'get',
    path: '/v1/models/{name}',
    id: 'describeModel',
    summary: 'Inputs, outputs and devices of a model.',
    params: nameParam,
    outcomes: [answers(200, 'the model', model)],
    handle: async ({ params }) => json(await node.model(aname(params.name))),
  })
  return [put, list, describe]
}
