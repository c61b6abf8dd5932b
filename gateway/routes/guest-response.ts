/**
 * The response of a guest's answer. The guest decides status, headers and body; the gateway keeps what speaks for the node or for the whole
 * origin: the sandbox, the receipt, the length, and fields that end at this hop.
 */
import { UtnetError, type FunctionAnswer } from '../../runtime/core/index.ts'
import { contentDigest, requestId, wantsDigest } from '../http/index.ts'
import { formatReceipt, HOP_BY_HOP, RECEIPT_HEADER } from '../wire/index.ts'
import type { RequestHead } from './request-head.ts'

/** Fields that a guest may not set: they speak for the node, or act on the origin that all guests and the API share. */
const KEPT: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  RECEIPT_HEADER,
  'content-length',
  'content-security-policy',
  'content-security-policy-report-only',
  'x-content-type-options',
  'content-digest',
  'alt-svc',
  'clear-site-data',
  'nel',
  'origin-agent-cluster',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'strict-transport-security',
])

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
// Visible characters, space, tab and the bytes above ASCII (RFC 9110 section 5.5).
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

const bad = (what: string): UtnetError => new UtnetError('guest_bad_answer', `the guest answered with ${what}`)

const BODYLESS: ReadonlySet<number> = new Set([204, 205, 304])

/** The response, with the one field `Utnet-Receipt`; throws `guest_bad_answer` for a status or header that HTTP has no place for. */
export function guestResponse(answer: FunctionAnswer, head: RequestHead, method: string): Response {
  const { status, body } = answer
  if (!Number.isInteger(status) || status < 200 || status > 599) throw bad(`the status ${status}`)
  const headers: Record<string, string> = Object.create(null) as Record<string, string>
  const repeated: [string, string][] = []
  let length: string | undefined
  let dropped: readonly string[] = []
  for (const [given, value] of answer.headers) {
    const name = given.toLowerCase()
    if (!TOKEN.test(name) || !VALUE.test(value)) throw bad(`a header that is not one: ${JSON.stringify(given.slice(0, 80))}`)
    if (KEPT.has(name)) {
      if (name === 'content-length') length = value
      else if (name === 'connection') dropped = value.split(',').map((n) => n.trim().toLowerCase())
    } else if (headers[name] === undefined) headers[name] = value
    else repeated.push([name, value])
  }
  for (const name of dropped) delete headers[name]
  headers['content-security-policy'] = 'sandbox'
  headers['x-content-type-options'] = 'nosniff'
  headers[RECEIPT_HEADER] = formatReceipt(answer.receipt)
  // The answer to HEAD tells the length of a body that does not come; else the length is the body's.
  const told = method === 'HEAD' && body.length === 0 && length !== undefined && /^[0-9]{1,15}$/.test(length) ? length : String(body.length)
  const bodyless = BODYLESS.has(status)
  if (!bodyless) headers['content-length'] = told
  if (wantsDigest(head.wantDigest)) headers['content-digest'] = contentDigest(answer.bodySha256)
  const id = requestId(head.requestId)
  if (id !== undefined) headers['x-request-id'] = id
  const content = bodyless ? null : (body as Uint8Array<ArrayBuffer>)
  if (repeated.length === 0) return new Response(content, { status, headers })
  const list = new Headers(headers)
  for (const [name, value] of repeated) if (!dropped.includes(name)) list.append(name, value)
  return new Response(content, { status, headers: list })
}
