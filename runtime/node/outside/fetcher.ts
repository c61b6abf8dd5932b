/** HTTP to the outside, for guests: no redirects, no addresses of the node's own networks, bounded in time and size. */
import { lookup, type LookupAddress } from 'node:dns'
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { LIMITS, type Fetcher, type OutboundRequest, type OutboundResponse } from '../../core/index.ts'

/** Addresses that are not of the public internet (RFC 6890 and its registries). */
const INNER = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  INNER.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of [
  ['::', 128],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  INNER.addSubnet(net, bits, 'ipv6')

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

class Prohibited extends Error {
  override readonly name = 'Prohibited'
  readonly code = 'PROHIBITED'
}

export interface FetcherOptions {
  /** Guests may ask this machine: on a dev chain only. */
  readonly loopback: boolean
}

function isInner(address: string, { loopback }: FetcherOptions): boolean {
  // An IPv4 address in IPv6's clothes is that IPv4 address
  const plain = /^::ffff:([0-9.]+)$/i.exec(address)?.[1] ?? address
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4'
  return INNER.check(plain, family) || (!loopback && LOOPBACK.check(plain, family))
}

/** Resolves a name as the system does, and refuses what leads inside. The address that was judged is the one that is used. */
function guarded(options: FetcherOptions): LookupFunction {
  return (hostname, given, callback) => {
    lookup(hostname, { ...given, all: true }, (error, found) => {
      const addresses = (found ?? []) as LookupAddress[]
      if (error !== null) return callback(error, '', 0)
      const [first] = addresses
      if (first === undefined || addresses.some(({ address }) => isInner(address, options)))
        return callback(new Prohibited(`${hostname} leads to an inner address`), '', 0)
      return given.all === true ? callback(null, addresses) : callback(null, first.address, first.family)
    })
  }
}

/** Cases of wasi:http's error-code, by what Node calls the failure. */
const CODES: Readonly<Record<string, string>> = {
  PROHIBITED: 'destination-IP-prohibited',
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'connection-terminated',
  EPIPE: 'connection-terminated',
  ENOTFOUND: 'destination-not-found',
  EAI_AGAIN: 'DNS-timeout',
  EHOSTUNREACH: 'destination-IP-unroutable',
  ENETUNREACH: 'destination-IP-unroutable',
  ETIMEDOUT: 'connection-timeout',
  EPROTO: 'TLS-protocol-error',
  ERR_INVALID_URL: 'HTTP-request-URI-invalid',
  ABORT_ERR: 'HTTP-response-timeout',
}

function errorOf(error: unknown): OutboundResponse {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? ''
  if (/^(?:ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)) return { error: 'TLS-certificate-error' }
  return { error: CODES[code] ?? (code.startsWith('HPE_') ? 'HTTP-protocol-error' : 'destination-unavailable') }
}

const headersOf = (message: IncomingMessage): (readonly [string, Uint8Array])[] =>
  message.rawHeaders.flatMap((name, i, all) =>
    i % 2 === 0 ? [[name.toLowerCase(), Buffer.from(all[i + 1] ?? '', 'latin1')] as const] : [],
  )

async function bodyOf(message: IncomingMessage, most: number): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > most) return undefined
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** A fetcher over node:http. */
export function createFetcher(options: FetcherOptions): Fetcher {
  const resolve = guarded(options)

  async function send({ method, url, headers, body, maxBytes }: OutboundRequest): Promise<OutboundResponse> {
    const target = new URL(url)
    const host = target.hostname.replace(/^\[|\]$/g, '')
    // An address needs no lookup, so it is judged here
    if (isIP(host) !== 0 && isInner(host, options)) return { error: 'destination-IP-prohibited' }
    const request: RequestOptions = {
      method,
      lookup: resolve,
      agent: false,
      signal: AbortSignal.timeout(LIMITS.fetchMs),
      headers: [
        ...headers.filter(([name]) => name !== 'content-length').flatMap(([name, value]) => [name, Buffer.from(value).toString('latin1')]),
        'host',
        target.host,
        'content-length',
        String(body.length),
      ],
      setHost: false,
    }
    const message = await new Promise<IncomingMessage>((done, fail) => {
      const out = (target.protocol === 'https:' ? requestHttps : requestHttp)(target, request, done)
      out.on('error', fail)
      out.end(body)
    })
    const answer = await bodyOf(message, maxBytes)
    message.destroy()
    if (answer === undefined) return { error: 'HTTP-response-incomplete' }
    return { status: message.statusCode ?? 0, headers: headersOf(message), body: answer }
  }

  return {
    fetch: async (request) => {
      try {
        return await send(request)
      } catch (error) {
        return errorOf(error)
      }
    },
  }
}
