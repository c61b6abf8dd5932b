/**
 * `POST /v1/transactions` straight on node:http: what the app's route answers, without Request, Response and router between. Whatever is not plain (a page's
 * origin, a host that must be looked up, a body of unknown or too great length, a field that asks for something) is left to the app.
 */
import type { IncomingMessage } from 'node:http'
import { asUtnetError, LIMITS } from '../../runtime/core/index.ts'
import { isKnownHost, type OriginRules } from '../http/index.ts'
import { headOf } from '../routes/index.ts'
import { BYTES_TYPE, CBOR_TYPE, JSON_TYPE } from '../wire/index.ts'
import type { DirectResponse } from './answer.ts'
import { readIncoming } from './body.ts'
import { refuse } from './functions.ts'

const TARGET = '/v1/transactions'
const TYPES: ReadonlySet<string> = new Set([CBOR_TYPE, 'application/cbor', BYTES_TYPE])
/** Fields that change nothing of the answer. */
const IDLE: ReadonlySet<string> = new Set(['connection', 'user-agent', 'accept', 'accept-encoding', 'accept-language', 'sec-fetch-mode'])
const LENGTH = /^[1-9][0-9]{0,8}$/
/** Hosts that the app was given are the app's to know. */
const NO_HOSTS: OriginRules = { hosts: new Set(), origins: new Set() }

/** Who takes signed transactions. */
export interface TransactionServer {
  submit(transaction: Uint8Array): Promise<{ readonly hash: string }>
}

/** The Content-Length of a request that is plain; undefined for any other. */
function plainLength({ method, url, rawHeaders }: IncomingMessage): string | undefined {
  if (method !== 'POST' || url !== TARGET) return undefined
  let host: string | undefined
  let type: string | undefined
  let length: string | undefined
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    const value = rawHeaders[i + 1] as string
    if (name === 'host' && host === undefined) host = value
    else if (name === 'content-type' && type === undefined) type = value
    else if (name === 'content-length' && length === undefined) length = value
    else if (!IDLE.has(name)) return undefined
  }
  if (host === undefined || !isKnownHost(host, NO_HOSTS) || (type !== undefined && !TYPES.has(type))) return undefined
  return length !== undefined && LENGTH.test(length) && Number(length) <= LIMITS.txBytes ? length : undefined
}

function accepted(outgoing: DirectResponse, hash: string): void {
  const body = Buffer.from(JSON.stringify({ hash }), 'latin1')
  const location = `${TARGET}/${hash}`
  const length = String(body.length)
  const fields = ['content-type', JSON_TYPE, 'x-content-type-options', 'nosniff', 'location', location, 'content-length', length]
  if (outgoing.whole(202, fields, body)) return
  outgoing.writeHead(202, fields)
  outgoing.end(body)
}

/** Takes a transaction's request, unless it is not plain: then gives false and has touched nothing. `onError` is told of faults of the node. */
export function directTransactions(
  node: TransactionServer,
  onError: (error: unknown) => void = () => {},
): (incoming: IncomingMessage, outgoing: DirectResponse) => boolean {
  return (incoming, outgoing) => {
    const length = plainLength(incoming)
    if (length === undefined) return false
    readIncoming(incoming, length)
      .then((body) => node.submit(body))
      .then(({ hash }) => accepted(outgoing, hash))
      .catch((error: unknown) => {
        if (asUtnetError(error).fault === 'node') onError(error)
        refuse(incoming, outgoing, headOf(incoming.rawHeaders), error)
      })
    return true
  }
}
