/** `ANY /fn/{name}/{path*}`: edge functions. Any origin may call them; what they answer runs without rights on this origin. */
import { aname, UtnetError, type NodeApi } from '../../runtime/core/index.ts'
import { EMPTY, preferences, readBody, type AppOptions, type GatewayContext } from '../http/index.ts'
import { guestResponse } from './guest-response.ts'
import { requestHead } from './request-head.ts'

const PREFIX = '/fn/'

/** Name of the function, and the path that it sees, which begins with `/`. */
export interface FunctionTarget {
  readonly name: string
  readonly path: string
}

/** Name and the raw path and query behind it, as they stand in the request; `/` where there is none. */
export function functionTarget(url: string): FunctionTarget {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  const hash = url.indexOf('#')
  const target = hash === -1 ? url.slice(start) : url.slice(start, hash)
  // The first segment, which the router has read, may have escapes too.
  return targetOf(`${PREFIX}${target.replace(/^\/[^/?]*\/?/, '')}`)
}

/** Escapes of unreserved characters stand for those characters (RFC 3986, 6.2.2.2). */
const withoutNeedlessEscapes = (text: string): string =>
  text.replaceAll(/%(2d|2e|3\d|4[1-9a-f]|5[\daf]|6[1-9a-f]|7[\dae])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** The same of a request target in origin form that begins with `/fn/`. */
export function targetOf(target: string): FunctionTarget {
  let end = PREFIX.length
  for (; end < target.length; end++) {
    const c = target.charCodeAt(end)
    if (c === 0x2f || c === 0x3f) break
  }
  const given = target.slice(PREFIX.length, end)
  const name = given.includes('%') ? withoutNeedlessEscapes(given) : given
  if (name === '') throw new UtnetError('route_not_found', 'no function is named: /fn/{name}/')
  const rest = target.slice(end)
  return { name: aname(name, 'function'), path: rest.startsWith('/') ? rest : `/${rest}` }
}

/** The handler. It stays lean: no schema, no copy of the request, no hash. */
export function functionHandler(node: NodeApi, admission: NonNullable<AppOptions['admission']>): (c: GatewayContext) => Promise<Response> {
  return async (c) => {
    const request = c.req.raw
    const { name, path } = functionTarget(request.url)
    const head = requestHead(request, c.env)
    // A request that is on its way takes nobody's place.
    const body = head.hasBody ? await readBody(request, 'bodyBytes', head.contentLength) : EMPTY
    admission.enter(name)
    try {
      const { method } = request
      const answer = await node.invoke(name, { method, path, headers: head.headers, body, ...preferences(head.prefer) })
      return guestResponse(answer, head, method)
    } finally {
      admission.leave(name)
    }
  }
}
