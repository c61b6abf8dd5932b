/** What no route takes: 405 with Allow where the path is known, else 404. */
import { UtnetError } from '../../runtime/core/index.ts'
import { problem } from './answer.ts'

/** A path that some route has, with one of its methods. */
export interface KnownPath {
  /** Parameters in braces stand for one segment, a final `*` for any rest. */
  readonly path: string
  readonly method: string
}

function matches(pattern: string, path: string): boolean {
  if (pattern.endsWith('*')) return path.startsWith(pattern.slice(0, -1))
  const wanted = pattern.split('/')
  const given = path.split('/')
  return wanted.length === given.length && wanted.every((part, i) => (part.startsWith('{') ? given[i] !== '' : part === given[i]))
}

/** The problem for a request that no route took. */
export function unrouted(request: Request, known: readonly KnownPath[]): Response {
  const { pathname } = new URL(request.url)
  const methods = new Set(known.filter((k) => matches(k.path, pathname)).map((k) => k.method.toUpperCase()))
  const shown = pathname.slice(0, 120)
  if (methods.size === 0) return problem(request, new UtnetError('route_not_found', `there is no route ${shown}`))
  if (methods.has('GET')) methods.add('HEAD')
  const allow = [...methods].toSorted().join(', ')
  const error = new UtnetError('method_not_allowed', `${shown} takes ${allow}, not ${request.method.slice(0, 20)}`, {
    details: { allow: [...methods].toSorted() },
  })
  return problem(request, error, { allow })
}
