/** Content negotiation (RFC 9110 section 12.5.1) and content types of requests. */
import { UtnetError } from '../../runtime/core/index.ts'
import { PROBLEM_TYPE } from '../wire/index.ts'
import { problem } from './answer.ts'

interface Range {
  readonly type: string
  readonly q: number
}

function ranges(accept: string): readonly Range[] {
  return accept.split(',').map((part) => {
    const [type = '', ...parameters] = part.split(';').map((p) => p.trim().toLowerCase())
    const q = parameters.find((p) => p.startsWith('q='))?.slice(2)
    const quality = q !== undefined && /^(0(\.[0-9]{0,3})?|1(\.0{0,3})?)$/.test(q) ? Number(q) : 1
    return { type, q: quality }
  })
}

function quality(offer: string, of: readonly Range[]): number {
  const wildcard = `${offer.slice(0, offer.indexOf('/'))}/*`
  for (const wanted of [offer, wildcard, '*/*']) {
    const hit = of.find((r) => r.type === wanted)
    if (hit !== undefined) return hit.q
  }
  return 0
}

/** The offered media type that the Accept field likes best, the first where it has no say; throws `not_acceptable`. */
export function negotiate<T extends string>(accept: string | null, offers: readonly [T, ...T[]]): T {
  if (accept === null || accept.trim() === '') return offers[0]
  // What errors come as is no form of the content, and all that clients name whose generator knows nothing else of this route.
  const wanted = ranges(accept).filter(({ type }) => type !== PROBLEM_TYPE)
  if (wanted.length === 0) return offers[0]
  let best: T | undefined
  let bestQuality = 0
  for (const offer of offers) {
    const q = quality(offer, wanted)
    if (q > bestQuality) {
      best = offer
      bestQuality = q
    }
  }
  if (best !== undefined) return best
  throw new UtnetError('not_acceptable', `this route answers ${offers.join(' or ')}, not ${accept.slice(0, 120)}`, {
    hint: `send Accept: ${offers[0]}`,
    details: { offers },
  })
}

/** The refusal of a body in a coding (RFC 9110 section 8.4): none is taken, which is said as RFC 7694 section 3 has it. Undefined where it comes plain. */
export function codingRefusal(request: Request): Response | undefined {
  const given = request.headers.get('content-encoding')
  if (given === null || given.split(',').every((coding) => /^\s*(identity)?\s*$/i.test(coding))) return undefined
  const error = new UtnetError('request_media_type', `the body must come plain, not in Content-Encoding ${given.slice(0, 40)}`, {
    hint: 'send the body without Content-Encoding',
  })
  return problem(request, error, { 'accept-encoding': 'identity' })
}

/** Throws `request_media_type` unless the request's content type is one of `types`; `optional` admits a missing one. */
export function checkType(request: Request, types: readonly string[], optional: boolean): void {
  const given = request.headers.get('content-type')
  if (given === null && optional) return
  const type = given?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== undefined && types.includes(type)) return
  throw new UtnetError('request_media_type', `the body must be ${types.join(' or ')}, not ${given?.slice(0, 120) ?? 'of no named type'}`, {
    hint: `send Content-Type: ${types[0]}`,
    details: { types },
  })
}
