/** The routes outside `/v1`, as the OpenAPI document shows them. They validate by hand: some are hot, some are not ours to shape. */
import { z } from 'zod'
import { JSON_LENGTH_HEADER } from '../../runtime/core/index.ts'
import type { RouteShape } from '../http/index.ts'
import { cidText, nameText } from './fields.ts'
import { BYTES_TYPE, CAR_TYPE, JSON_TYPE, METRICS_TYPE, RAW_TYPE } from '../wire/index.ts'

const modelParam = z.object({ model: nameText })
const record = z.record(z.string(), z.unknown())

const tensor = z.looseObject({
  name: z.string(),
  datatype: z.string(),
  shape: z.array(z.int()),
  data: z
    .array(z.unknown())
    .exactOptional()
    .describe('absent where the parameter binary_data_size says how many bytes behind the JSON it has'),
})
const jsonLength = z.object({
  [JSON_LENGTH_HEADER]: z.string().exactOptional().describe('bytes of the JSON, where tensors follow it in binary'),
})
const inferBody = z.looseObject({
  id: z.string().exactOptional(),
  inputs: z.array(tensor),
  outputs: z.array(z.looseObject({ name: z.string() })).exactOptional(),
})
const inferAnswer = z.looseObject({ model_name: z.string(), model_version: z.string(), outputs: z.array(tensor) })

const ok = (description: string, types: RouteShape['outcomes'][number]['types']): RouteShape['outcomes'] => [
  { status: 200, description, types },
]
const anyJson = { [JSON_TYPE]: record }

const functionParams = z.object({ name: nameText, path: z.string().describe('any path, slashes included') })
const functionSummary = 'An edge function: the guest decides status, headers and body. Any other method reaches it as well.'

const edge = (method: 'get' | 'post' | 'put', id: string): RouteShape => ({
  method,
  path: '/fn/{name}/{path}',
  id,
  summary: functionSummary,
  params: functionParams,
  ...(method === 'get' ? {} : { body: { types: ['*/*'], schema: null } }),
  outcomes: ok('what the guest answers, with the field Utnet-Receipt', { '*/*': null }),
})

const ofModel = (id: string, path: string, params: z.ZodObject): readonly RouteShape[] => [
  {
    method: 'get',
    path,
    id: `${id}Metadata`,
    summary: 'Open Inference Protocol v2: a model.',
    params,
    outcomes: ok('the model', anyJson),
  },
  {
    method: 'get',
    path: `${path}/ready`,
    id: `${id}Ready`,
    summary: 'Open Inference Protocol v2: a model can run.',
    params,
    outcomes: ok('ready', anyJson),
  },
  {
    method: 'post',
    path: `${path}/infer`,
    id: `${id}Infer`,
    summary:
      'Open Inference Protocol v2: infer, with tensors in JSON or, behind it, in binary. The answer carries the field Utnet-Receipt.',
    params,
    headers: jsonLength,
    body: { types: [JSON_TYPE, BYTES_TYPE], schema: inferBody },
    outcomes: ok('the outputs', { [JSON_TYPE]: inferAnswer, [BYTES_TYPE]: null }),
  },
]

const contentParam = z.object({ cid: z.string() })
const contentTypes = { [RAW_TYPE]: null, [CAR_TYPE]: null, '*/*': null }

const content = (id: string, path: string, params: z.ZodObject): RouteShape => ({
  method: 'get',
  path,
  id,
  summary: 'A block (raw), a CAR of the DAG (car), or a file: by format, else by Accept.',
  params,
  query: z.object({
    format: z.enum(['raw', 'car']).exactOptional(),
    'dag-scope': z.enum(['block', 'entity', 'all']).exactOptional().describe('how far a CAR goes below what the path names'),
    'entity-bytes': z
      .string()
      .exactOptional()
      .describe('FROM:TO of a file, both within, in bytes, TO * for its end: a CAR of the blocks that hold them'),
  }),
  headers: z.object({
    range: z.string().exactOptional(),
    'if-match': z.string().exactOptional(),
    'if-none-match': z.string().exactOptional(),
  }),
  outcomes: [
    { status: 200, description: 'the content', types: contentTypes },
    { status: 206, description: 'the bytes of the range', types: contentTypes },
    { status: 304, description: 'what the caller has', types: {} },
  ],
})

export const PLAIN_ROUTES: readonly RouteShape[] = [
  edge('get', 'getFunction'),
  edge('post', 'postFunction'),
  edge('put', 'putFunction'),
  {
    method: 'get',
    path: '/v2',
    id: 'serverMetadata',
    summary: 'Open Inference Protocol v2: the server.',
    outcomes: ok('the server', anyJson),
  },
  {
    method: 'get',
    path: '/v2/health/live',
    id: 'serverLive',
    summary: 'Open Inference Protocol v2: liveness.',
    outcomes: ok('live', anyJson),
  },
  {
    method: 'get',
    path: '/v2/health/ready',
    id: 'serverReady',
    summary: 'Open Inference Protocol v2: readiness.',
    outcomes: ok('ready', anyJson),
  },
  ...ofModel('model', '/v2/models/{model}', modelParam),
  ...ofModel('modelVersion', '/v2/models/{model}/versions/{version}', modelParam.extend({ version: cidText })),
  content('readContent', '/ipfs/{cid}', contentParam),
  content('readPath', '/ipfs/{cid}/{path}', contentParam.extend({ path: z.string().describe('any path, slashes included') })),
  { method: 'get', path: '/healthz', id: 'healthz', summary: 'The process answers.', outcomes: ok('alive', anyJson) },
  { method: 'get', path: '/readyz', id: 'readyz', summary: 'The node can serve.', outcomes: ok('ready', anyJson) },
  {
    method: 'get',
    path: '/metrics',
    id: 'metrics',
    summary: 'OpenMetrics text.',
    outcomes: ok('the metrics', { [METRICS_TYPE]: z.string() }),
  },
]
