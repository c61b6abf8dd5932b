/**
 * The response of a guest's answer. The guest decides status, headers and body; the gateway keeps what speaks for the node or for the whole
 * origin: the sandbox, the receipt, the length, and fields that end at this hop.
 */
import { UtnetError, type FunctionAnswer } from '../../runtime/core/index.ts'
import { contentDigest, requestId, wantsDigest } from '../http/index.ts'
import { FAILURE_HEADER, formatFailure, formatReceipt, HOP_BY_HOP, RECEIPT_HEADER } from '../wire/index.ts'
import type { RequestHead } from './request-head.ts'

/** Fields that a guest may not set: they speak for the node, or act on the origin that all guests and the API share. */
const KEPT: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  RECEIPT_HEADER,
  FAILURE_HEADER,
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

/** A name as a guest writes it. */
interface Known {
  readonly name: string
  readonly kept: boolean
}

/** Good names that guests have set: most set the same few. */
const known = new Map<string, Known>()
const KNOWN_MAX = 1_024
const KNOWN_LENGTH = 64

/** Undefined for what is no name. */
function nameOf(given: string): Known | undefined {
  const found = known.get(given)
  if (found !== undefined) return found
  const name = given.toLowerCase()
  if (!TOKEN.test(name)) return undefined
  const made = { name, kept: KEPT.has(name) }
  if (known.size < KNOWN_MAX && given.length <= KNOWN_LENGTH) known.set(given, made)
  return made
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
// Visible characters, space, tab and the bytes above ASCII (RFC 9110 section 5.5).
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

const bad = (what: string): UtnetError => new UtnetError('guest_bad_answer', `the guest answered with ${what}`)

const BODYLESS: ReadonlySet<number> = new Set([204, 205, 304])

/** What goes on the wire of a guest's answer. */
export interface GuestHead {
  readonly status: number
  /** Names in lower case and values by turns; one name may come more than once. */
  readonly headers: string[]
  /** Null where the status allows none. */
  readonly body: Uint8Array | null
}

/** Head and body, with the one field `Utnet-Receipt`; throws `guest_bad_answer` for a status or header that HTTP has no place for. */
export function guestHead(answer: FunctionAnswer, head: Pick<RequestHead, 'wantDigest' | 'requestId'>, method: string): GuestHead {
  const { status, body } = answer
  if (!Number.isInteger(status) || status < 200 || status > 599) throw bad(`the status ${status}`)
  let headers: string[] = []
  let length: string | undefined
  let dropped: readonly string[] = []
  for (const [given, value] of answer.headers) {
    const found = nameOf(given)
    if (found === undefined || !VALUE.test(value)) throw bad(`a header that is not one: ${JSON.stringify(given.slice(0, 80))}`)
    const { name, kept } = found
    if (!kept) headers.push(name, value)
    else if (name === 'content-length') length = value
    else if (name === 'connection') dropped = value.split(',').map((n) => n.trim().toLowerCase())
  }
  if (dropped.length > 0) headers = headers.filter((_, i) => !dropped.includes(headers[i & ~1] as string))
  // The answer to HEAD tells the length of a body that does not come; else the length is the body's.
  const told = method === 'HEAD' && body.length === 0 && length !== undefined && /^[0-9]{1,15}$/.test(length) ? length : String(body.length)
  const bodyless = BODYLESS.has(status)
  if (!bodyless) headers.push('content-length', told)
  headers.push('content-security-policy', 'sandbox', 'x-content-type-options', 'nosniff')
  if (answer.receipt !== null) headers.push(RECEIPT_HEADER, formatReceipt(answer.receipt))
  if (answer.failure !== undefined) headers.push(FAILURE_HEADER, formatFailure(answer.failure))
  if (wantsDigest(head.wantDigest)) headers.push('content-digest', contentDigest(answer.bodySha256))
  const id = requestId(head.requestId)
  if (id !== undefined) {
    // The node's own word stands alone.
    headers = headers.filter((_, i) => headers[i & ~1] !== 'x-request-id')
    headers.push('x-request-id', id)
  }
  return { status, headers, body: bodyless ? null : body }
}

/** The same as a Response. */
export function guestResponse(answer: FunctionAnswer, head: RequestHead, method: string): Response {
  const { status, headers, body } = guestHead(answer, head, method)
  const pairs: [string, string][] = []
  for (let i = 0; i < headers.length; i += 2) pairs.push([headers[i] as string, headers[i + 1] as string])
  return new Response(body as Uint8Array<ArrayBuffer> | null, { status, headers: pairs })
}
