import { expect, test } from 'vitest'
import { JSON_LENGTH_HEADER } from '../runtime/core/index.ts'
import { createApp } from './app.ts'
import { simulatedNode } from './testing/simulated-node.ts'

interface Parameter {
  readonly name: string
  readonly in: string
  readonly schema: { readonly type: string; readonly pattern?: string }
}
interface Operation {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, unknown>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>
}
interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
}

const app = createApp(simulatedNode())
const document = (await (await app.request('/openapi.json')).json()) as Document

function refs(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => (key === '$ref' ? [String(inner)] : refs(inner)))
}

test('the document is OpenAPI 3.1 whose references all lead somewhere', () => {
  expect(document.openapi).toMatch(/^3\.1\./)
  const found = refs(document)
  expect(found.length).toBeGreaterThan(20)
  for (const ref of found) expect(Object.keys(document.components.schemas).map((id) => `#/components/schemas/${id}`)).toContain(ref)
})

test('a named schema says what it is, members described', () => {
  for (const [id, schema] of Object.entries(document.components.schemas))
    expect(schema, id).toMatchObject({ type: 'object', properties: {} })
  expect(document.components.schemas['Account']).toMatchObject({ properties: { balance: { description: 'in 10^-18 UNC' } } })
})

test('operations have their own ids and declare the parameters of their paths', () => {
  const ids = new Set<string>()
  let count = 0
  for (const [path, item] of Object.entries(document.paths)) {
    for (const operation of Object.values(item)) {
      count++
      ids.add(operation.operationId)
      const declared = (operation.parameters ?? []).filter((p) => p.in === 'path').map((p) => p.name)
      expect(declared.toSorted(), path).toEqual([...path.matchAll(/\{(.+?)\}/g)].map((m) => m[1]).toSorted())
      expect(operation.responses).toHaveProperty('default')
    }
  }
  expect(ids.size).toBe(count)
})

test('every route in the document is served, and every route of the surface is in the document', async () => {
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of Object.keys(item)) {
      const url = path.replaceAll(/\{.+?\}/g, 'x')
      const response = await app.request(url, { method: method.toUpperCase() })
      const text = response.headers.get('content-type')?.includes('json') === true ? await response.text() : ''
      await response.body?.cancel().catch(() => undefined)
      expect(text, `${method} ${url}`).not.toMatch(/route_not_found|method_not_allowed|node_internal/)
    }
  }
  for (const path of [
    '/v1/guests',
    '/v1/guests/{name}',
    '/v1/guests/{name}/calls',
    '/v1/guests/{name}/queries',
    '/v1/accounts/{address}',
    '/v1/accounts/{address}/fund',
    '/v1/transactions',
    '/v1/transactions/{hash}',
    '/fn/{name}/{path}',
    '/v1/files',
    '/v1/models',
    '/v1/models/{name}',
    '/v2/models/{model}/infer',
    '/v2/models/{model}',
    '/v2/health/ready',
    '/v1/receipts/{id}',
    '/v1/receipts/{id}/bundle',
    '/v1/verdicts',
    '/v1/attester/challenges',
    '/v1/attester/challenges/{id}',
    '/v1/node',
    '/v1/chain',
    '/v1/chain/genesis',
    '/v1/chain/blocks/{height}',
    '/v1/chain/epochs/{epoch}',
    '/v1/chain/power',
    '/v1/events',
    '/v2/models/{model}/versions/{version}/infer',
    '/ipfs/{cid}',
    '/ipfs/{cid}/{path}',
    '/healthz',
    '/readyz',
    '/metrics',
  ]) {
    expect(Object.keys(document.paths)).toContain(path)
  }
})

test('a client made from the document sends numbers, flags, lists and well-formed ids', async () => {
  const of = (path: string) =>
    Object.fromEntries((document.paths[path]?.['get']?.parameters ?? []).map(({ name, schema }) => [name, schema]))
  expect(of('/v1/chain/events')).toMatchObject({
    filter: { type: 'array', items: { type: 'string' } },
    limit: { type: 'integer', minimum: 1, maximum: 1_000 },
    proof: { type: 'boolean' },
  })
  for (const [path, bad, good] of [
    ['/v1/guests/{name}', 'Tally', 'tally-2'],
    ['/v2/models/{model}', '2', 'm'],
    ['/v1/receipts/{id}', 'bafy', 'bafyreigpk2gyvmc4qnmqyhkjb6q7uflspudzweocjmlrpgqpfu4bky2n7i'],
    ['/v1/transactions/{hash}', '', 'bafyreigpk2gyvmc4qnmqyhkjb6q7uflspudzweocjmlrpgqpfu4bky2n7i'],
    ['/v1/accounts/{address}', 'ut1', 'ut17mynyf3ggy5p9g0sceengljdn6cvd2mh9k3sey'],
  ] as const) {
    const [[name, schema] = ['', { pattern: '' }]] = Object.entries(of(path))
    expect([bad, good].map((text) => new RegExp(schema.pattern ?? '').test(text))).toEqual([false, true])
    const { status } = await app.request(path.replace(`{${name}}`, good))
    expect([path, [200, 404].includes(status)]).toEqual([path, true])
  }
})

test('bodies show the types that the routes take', () => {
  expect(Object.keys(document.paths['/v1/guests']?.['post']?.requestBody?.content ?? {})).toEqual(['application/wasm'])
  const call = JSON.stringify(document.paths['/v1/guests/{name}/calls']?.['post']?.requestBody)
  expect(call).toContain('"required":["export"]')
  expect(call).toContain('"additionalProperties":false')
  const infer = document.paths['/v2/models/{model}/infer']?.['post']
  const forms = ['application/json', 'application/octet-stream']
  expect(Object.keys(infer?.requestBody?.content ?? {})).toEqual(forms)
  expect(infer?.requestBody?.content['application/octet-stream']).toEqual({ schema: { type: 'string', format: 'binary' } })
  expect(Object.keys(infer?.responses['200']?.content ?? {})).toEqual(forms)
  expect(infer?.parameters?.map((p) => p.name)).toContain(JSON_LENGTH_HEADER)
  // a guest answers whatever it likes
  expect(document.paths['/fn/{name}/{path}']?.['get']?.responses['200']?.content).toEqual({ '*/*': {} })
  // a tensor in binary has no data of its own
  expect(JSON.stringify(infer?.requestBody)).toContain('"required":["name","datatype","shape"]')
})

test('a body may be left out where the document says so, and nowhere else', async () => {
  const bodies = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { requestBody }]) => (requestBody === undefined ? [] : [{ path, method, requestBody }])),
  )
  expect(bodies.flatMap(({ path, requestBody }) => (requestBody.required ? [] : [path]))).toEqual(['/v1/files'])
  for (const { path, method, requestBody } of bodies) {
    const { status } = await app.request(path.replaceAll(/\{.+?\}/g, 'x'), { method: method.toUpperCase() })
    expect([path, status < 400]).toEqual([path, !requestBody.required])
  }
})
