/** One pass over a function's request: what the guest sees of it, and what the gateway itself needs. */
import { HOP_BY_HOP } from '../wire/index.ts'
import type { GatewayEnv } from '../http/index.ts'

export interface RequestHead {
  /** Lower-case names, in the order they came where the server keeps it; without what ends at this hop. */
  readonly headers: readonly (readonly [string, string])[]
  readonly contentLength: string | null
  readonly hasBody: boolean
  readonly prefer: string | undefined
  readonly wantDigest: string | undefined
  readonly requestId: string | undefined
}

function rawPairs(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([(raw[i] as string).toLowerCase(), raw[i + 1] as string])
  return pairs
}

const named = (connection: string): readonly string[] => connection.split(',').map((n) => n.trim().toLowerCase())

/** The head of a request. The server's raw list is read where there is one: it costs no Headers object. */
export function requestHead(request: Request, env: GatewayEnv | undefined): RequestHead {
  const raw = env?.incoming?.rawHeaders
  const pairs = raw === undefined ? [...request.headers] : rawPairs(raw)
  const headers: (readonly [string, string])[] = []
  let contentLength: string | null = null
  let chunked = false
  let prefer: string | undefined
  let wantDigest: string | undefined
  let requestId: string | undefined
  let connection: string | undefined
  for (const pair of pairs) {
    const [name, value] = pair
    switch (name) {
      case 'content-length':
        contentLength = value
        break
      case 'transfer-encoding':
        chunked = true
        break
      case 'prefer':
        prefer = prefer === undefined ? value : `${prefer}, ${value}`
        break
      case 'want-content-digest':
        wantDigest = value
        break
      case 'x-request-id':
        requestId = value
        break
      case 'connection':
        connection = value
        break
    }
    if (!HOP_BY_HOP.has(name)) headers.push(pair)
  }
  // Fields that the Connection field names end here too (RFC 9110 section 7.6.1); keep-alive and close name none.
  const lower = connection?.toLowerCase()
  const extra = lower === undefined || lower === 'keep-alive' || lower === 'close' ? [] : named(lower)
  return {
    headers: extra.length === 0 ? headers : headers.filter(([name]) => !extra.includes(name)),
    contentLength,
    hasBody: raw === undefined ? request.body !== null : chunked || (contentLength !== null && contentLength !== '0'),
    prefer,
    wantDigest,
    requestId,
  }
}
