/** One route as data: what it takes (zod schemas), what it answers, who may call it. Validation and OpenAPI read the same. */
import type { z } from 'zod'
import { UtnetError, type NodeApi, parseJson } from '../../runtime/core/index.ts'
import { JSON_TYPE } from '../wire/index.ts'
import { checkType } from './accept.ts'
import type { Answer } from './answer.ts'
import { readBody, type BodyLimit } from './body.ts'

/** One answer of a route, as OpenAPI lists it. */
export interface Outcome {
  readonly status: number
  readonly description: string
  /** Media types, each with the schema of its content where it has one. */
  readonly types: Readonly<Record<string, z.ZodType | null>>
}

/** What stands in the OpenAPI document. */
export interface RouteShape {
  readonly method: 'get' | 'post' | 'put'
  /** Path with parameters in braces. */
  readonly path: string
  readonly id: string
  readonly summary: string
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly headers?: z.ZodObject
  /** The types of the body; the schema is that of its JSON. One that may be left out is then of no bytes. */
  readonly body?: { readonly types: readonly string[]; readonly schema: z.ZodType | null; readonly optional?: boolean }
  readonly outcomes: readonly Outcome[]
}

/** A route that takes requests. */
export interface Route extends RouteShape {
  readonly run: (request: RouteRequest) => Promise<Answer>
}

interface RouteRequest {
  readonly request: Request
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly closing: AbortSignal | undefined
}

interface RouteInput<P, Q, B> {
  readonly request: Request
  readonly closing: AbortSignal | undefined
  readonly params: P
  readonly query: Q
  readonly body: B
}

type BodySpec<B> =
  | { readonly kind: 'json'; readonly schema: z.ZodType<B> }
  | {
      readonly kind: 'bytes'
      readonly types: readonly string[]
      readonly limit?: BodyLimit
      readonly untyped?: boolean
      readonly optional?: boolean
    }

/** What a route is declared by: `P`, `Q` and `B` are what its path, query and body are read as. */
export interface RouteSpec<P, Q, B> extends Omit<RouteShape, 'params' | 'query' | 'body'> {
  readonly params?: z.ZodObject & z.ZodType<P>
  readonly query?: z.ZodObject & z.ZodType<Q>
  readonly body?: BodySpec<B>
  /** Runs before the body is read: refuses callers. */
  readonly guard?: (request: Request) => Promise<void> | void
  readonly handle: (input: RouteInput<P, Q, B>) => Promise<Answer>
}

function check<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const errors = result.error.issues.map((issue) => ({ pointer: `#/${issue.path.map(String).join('/')}`, detail: issue.message }))
  const first = result.error.issues[0]
  const path = first === undefined || first.path.length === 0 ? where : `${where} ${first.path.map(String).join('.')}`
  throw new UtnetError('request_invalid', `${path}: ${first?.message ?? 'is invalid'}`, { details: { errors } })
}

async function readInput<B>(request: Request, body: BodySpec<B>): Promise<B> {
  const length = request.headers.get('content-length')
  if (body.kind === 'bytes') {
    checkType(request, body.types, body.untyped ?? false)
    return (await readBody(request, body.limit ?? 'bodyBytes', length)) as B
  }
  checkType(request, [JSON_TYPE], false)
  return check(body.schema, parseJson(await readBody(request, 'bodyBytes', length), 'the request body'), 'body')
}

/** The route of a specification: `run` refuses, validates, then handles. */
export function route<P, Q, B = undefined>(spec: RouteSpec<P, Q, B>): Route {
  const { guard, handle, body, ...shape } = spec
  return {
    ...shape,
    ...(body === undefined
      ? {}
      : {
          body:
            body.kind === 'json'
              ? { types: [JSON_TYPE], schema: body.schema }
              : { types: body.types, schema: null, optional: body.optional === true },
        }),
    run: async ({ request, params, query, closing }) => {
      await guard?.(request)
      const p = (spec.params === undefined ? {} : check(spec.params, params, 'path')) as P
      const q = (spec.query === undefined ? {} : check(spec.query, query, 'query')) as Q
      const b = (body === undefined ? undefined : await readInput(request, body)) as B
      return handle({ request, closing, params: p, query: q, body: b })
    },
  }
}

/** What every route is given. */
export interface RouteKit {
  readonly node: NodeApi
  /** Refuses foreign pages. */
  readonly page: (request: Request) => void
  /** Refuses foreign pages, and everyone on a node that is not `dev`. */
  readonly dev: (request: Request) => Promise<void>
  readonly heartbeatMs: number
  /** Is told of errors, also those behind an answer that has begun. */
  readonly onError: (error: unknown, request: Request) => void
}
