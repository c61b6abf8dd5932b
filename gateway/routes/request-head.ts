/** One pass over a function's request: what the guest sees of it, and what the gateway itself needs. */
import { HOP_BY_HOP } from '../wire/index.ts'
import type { GatewayEnv } from '../http/index.ts'

/** A request without its body. */
export interface RequestHead {
  /** Lower-case names, in the order they came where the server keeps it; without what ends at this hop. */
  readonly headers: readonly (readonly [string, string])[]
  readonly host: string | undefined
  readonly contentLength: string | null
  /** Fields of Transfer-Encoding. */
  readonly coding: string | undefined
  readonly hasBody: boolean
  readonly prefer: string | undefined
  readonly wantDigest: string | undefined
  readonly requestId: string | undefined
}

const named = (connection: string): readonly string[] => connection.split(',').map((n) => n.trim().toLowerCase())

/** One field that comes in several lines (RFC 9110 section 5.2). */
const joined = (before: string | undefined, value: string): string => (before === undefined ? value : `${before}, ${value}`)

/** Names as clients write them, so that most need no new string. */
const LOWER = new Map<string, string>()
const LOWER_MAX = 1_024

function lower(name: string): string {
  const known = LOWER.get(name)
  if (known !== undefined) return known
  const made = name.toLowerCase()
  if (LOWER.size < LOWER_MAX && name.length <= 64) LOWER.set(name, made)
  return made
}

/** The head of a flat list of names and values, as node:http keeps them. */
export function headOf(raw: readonly string[]): RequestHead {
  const headers: (readonly [string, string])[] = []
  let host: string | undefined
  let contentLength: string | null = null
  let coding: string | undefined
  let prefer: string | undefined
  let wantDigest: string | undefined
  let requestId: string | undefined
  let connection: string | undefined
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = lower(raw[i] as string)
    const value = raw[i + 1] as string
    switch (name) {
      case 'host':
        host = joined(host, value)
        break
      case 'content-length':
        contentLength = value
        break
      case 'transfer-encoding':
        coding = joined(coding, value)
        break
      case 'prefer':
        prefer = joined(prefer, value)
        break
      case 'want-content-digest':
        wantDigest = joined(wantDigest, value)
        break
      case 'x-request-id':
        requestId = joined(requestId, value)
        break
      case 'connection':
        connection = value
        break
    }
    if (!HOP_BY_HOP.has(name)) headers.push([name, value])
  }
  // Fields that the Connection field names end here too (RFC 9110 section 7.6.1); keep-alive and close name none.
  const ends = connection?.toLowerCase()
  const extra = ends === undefined || ends === 'keep-alive' || ends === 'close' ? [] : named(ends)
  return {
    headers: extra.length === 0 ? headers : headers.filter(([name]) => !extra.includes(name)),
    host,
    contentLength,
    coding,
    hasBody: coding !== undefined || (contentLength !== null && contentLength !== '0'),
    prefer,
    wantDigest,
    requestId,
  }
}

/** The head of a request. The server's raw list is read where there is one: it costs no Headers object. */
export function requestHead(request: Request, env: GatewayEnv | undefined): RequestHead {
  const raw = env?.incoming?.rawHeaders
  if (raw !== undefined) return headOf(raw)
  return { ...headOf([...request.headers].flat()), hasBody: request.body !== null }
}
