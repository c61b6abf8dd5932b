/** The OpenAPI 3.1 document: the schemas that validate are the schemas that are shown. */
import { z } from 'zod'
import type { Outcome, RouteShape } from '../http/index.ts'
import { JSON_TYPE, PROBLEM_TYPE } from '../wire/index.ts'
import { PLAIN_ROUTES } from './plain-routes.ts'
import { problemSchema } from './schemas.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }
type JsonObject = { readonly [key: string]: Json | undefined }

/** Turns zod schemas into JSON Schema 2020-12 and gathers the named ones, to which zod gives references. */
class Components {
  readonly schemas: Record<string, Json> = {}

  of(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
    const {
      $schema: _,
      $defs,
      ...rest
    } = this.#moved(z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as unknown as Json) as JsonObject
    for (const [id, definition] of Object.entries(($defs ?? {}) as JsonObject)) this.schemas[id] = this.#plain(definition as Json)
    return rest
  }

  #moved(value: Json): Json {
    return JSON.parse(JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json
  }

  #plain(value: Json): Json {
    const { id: _, ...rest } = value as JsonObject
    return rest
  }
}

function parameters(components: Components, schema: z.ZodObject | undefined, where: 'path' | 'query' | 'header'): Json[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = components.of(schema, 'input') as { properties?: JsonObject; required?: readonly string[] }
  return Object.entries(properties).map(([name, one]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: one ?? {},
  }))
}

/** Content of a named type that has no schema: bytes, as generators of clients know them. */
const BINARY = { type: 'string', format: 'binary' }

function content(components: Components, types: Outcome['types'], io: 'input' | 'output'): JsonObject {
  return Object.fromEntries(
    Object.entries(types).map(([type, schema]) => [
      type,
      type === '*/*' ? {} : { schema: schema === null ? BINARY : components.of(schema, io) },
    ]),
  )
}

function operation(components: Components, route: RouteShape): JsonObject {
  const taken = [
    ...parameters(components, route.params, 'path'),
    ...parameters(components, route.query, 'query'),
    ...parameters(components, route.headers, 'header'),
  ]
  const { body } = route
  const types =
    body === undefined ? undefined : Object.fromEntries(body.types.map((type) => [type, type === JSON_TYPE ? body.schema : null]))
  return {
    operationId: route.id,
    summary: route.summary,
    ...(taken.length === 0 ? {} : { parameters: taken }),
    ...(types === undefined ? {} : { requestBody: { required: body?.optional !== true, content: content(components, types, 'input') } }),
    responses: {
      ...Object.fromEntries(
        route.outcomes.map((o) => [o.status, { description: o.description, content: content(components, o.types, 'output') }]),
      ),
      default: { description: 'a problem (RFC 9457)', content: content(components, { [PROBLEM_TYPE]: problemSchema }, 'output') },
    },
  }
}

/** The document of routes, those without schemas included. */
export function openApi(routes: readonly RouteShape[], version: string): object {
  const components = new Components()
  const paths: Record<string, Record<string, JsonObject>> = {}
  for (const route of [...routes, ...PLAIN_ROUTES]) {
    const item = (paths[route.path] ??= {})
    item[route.method] = operation(components, route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'utnet',
      version,
      summary: 'A serverless WASM edge runtime in which every result carries a receipt that a stranger can check.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [],
    paths,
    components: { schemas: components.schemas },
  }
}
