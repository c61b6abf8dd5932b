/** Edge functions and inference over fetch: the two answers that carry the field Utnet-Receipt. */
import {
  aname,
  binaryRequest,
  equalBytes,
  isObject,
  JSON_LENGTH_HEADER,
  LIMITS,
  sha256,
  splitInference,
  tensorsOf,
  UtnetError,
  type FunctionAnswer,
  type FunctionRequest,
  type InferRequest,
  type InferResult,
  type ReceiptTicket,
} from '../../runtime/core/index.ts'
import { BYTES_TYPE, bytesOfBase64, FAILURE_HEADER, HOP_BY_HOP, parseFailure, parseReceipt, RECEIPT_HEADER } from '../wire/index.ts'
import { readAnswer, refusal, type Transport } from './transport.ts'

/** Fields that the gateway or the connection added to the guest's own. */
const ADDED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  RECEIPT_HEADER,
  FAILURE_HEADER,
  'content-security-policy',
  'x-content-type-options',
  'content-digest',
  'content-length',
  'date',
])

type Preferring = Pick<FunctionRequest, 'later' | 'retention'>

function preferField({ later, retention }: Preferring): string | undefined {
  const parts = [...(later === true ? ['receipt=later'] : []), ...(retention === undefined ? [] : [`retention=${retention}`])]
  return parts.length === 0 ? undefined : parts.join(', ')
}

function ticketOf(response: Response): ReceiptTicket | undefined {
  const field = response.headers.get(RECEIPT_HEADER)
  return field === null ? undefined : parseReceipt(field)
}

/** The digest that the answer names, held against its body unless a content coding was undone on the way. */
function checkedDigest(response: Response, body: Uint8Array): Uint8Array {
  const actual = sha256(body)
  const named = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):/.exec(response.headers.get('content-digest') ?? '')?.[1]
  if (named === undefined) return actual
  const told = bytesOfBase64(named, 'Content-Digest')
  if (response.headers.has('content-encoding') || response.status === 204 || response.status === 205 || response.status === 304) return told
  if (!equalBytes(told, actual)) throw new UtnetError('verify_failed', 'the body is not the one that its Content-Digest names')
  return told
}

/** The fields of a request, as fetch takes them. */
function fieldsOf(given: FunctionRequest['headers']): Headers {
  const headers = new Headers()
  for (const [key, value] of given) {
    if (HOP_BY_HOP.has(key) || key === 'host' || key === 'content-length') continue
    try {
      headers.append(key, value)
    } catch (cause) {
      throw new UtnetError('request_invalid', `not a field of HTTP: ${JSON.stringify(`${key}: ${value}`.slice(0, 120))}`, { cause })
    }
  }
  return headers
}

/** Methods that fetch sends: a token of RFC 9110, and none of the three that it keeps for itself. */
const METHOD = /^(?!(?:CONNECT|TRACE|TRACK)$)[\w!#$%&'*+\-.^`|~]{1,64}$/i

/** Runs a function. A redirect is an answer like any other and is not followed. */
export async function invoke(to: Transport, name: string, request: FunctionRequest): Promise<FunctionAnswer> {
  const prefix = `/fn/${aname(name, 'function')}`
  const { pathname } = new URL(`${to.base}${prefix}${request.path}`)
  if (!request.path.startsWith('/') || !pathname.startsWith(`${new URL(to.base).pathname.replace(/\/$/, '')}${prefix}/`)) {
    throw new UtnetError('request_invalid', `the path of a function must begin with / and stay below it: ${request.path.slice(0, 120)}`)
  }
  if (!METHOD.test(request.method))
    throw new UtnetError('request_invalid', `not a method that can be sent: ${JSON.stringify(request.method.slice(0, 80))}`)
  const headers = fieldsOf(request.headers)
  if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'identity')
  if (!headers.has('want-content-digest')) headers.set('want-content-digest', 'sha-256=10')
  const prefer = preferField(request)
  if (prefer !== undefined) headers.append('prefer', prefer)
  const bare = request.method === 'GET' || request.method === 'HEAD'
  if (bare && request.body.length > 0) throw new UtnetError('request_invalid', `${request.method} takes no body`)
  const init: RequestInit = { method: request.method, headers, redirect: 'manual', ...(bare ? {} : { body: request.body as BodyInit }) }
  const response = await to.send(`${prefix}${request.path}`, init)
  const receipt = ticketOf(response)
  // What a guest answers is sandboxed, what the node itself says is not: a function may run without receipts.
  if (receipt === undefined && response.headers.get('content-security-policy') !== 'sandbox') throw await refusal(response)
  const body = await readAnswer(response)
  const bodySha256 = request.method === 'HEAD' ? sha256(body) : checkedDigest(response, body)
  const fields = [...response.headers].filter(([key]) => !ADDED.has(key))
  const failure = parseFailure(response.headers.get(FAILURE_HEADER) ?? '')
  return {
    status: response.status,
    headers: fields,
    body,
    bodySha256,
    receipt: receipt ?? null,
    ...(failure === undefined ? {} : { failure }),
  }
}

/** Runs a model. */
export async function infer(to: Transport, request: InferRequest): Promise<InferResult> {
  const { body, length } = binaryRequest(request.inputs, request.arithmetic === undefined ? {} : { arithmetic: request.arithmetic })
  const prefer = preferField(request)
  const response = await to.ask(`/v2/models/${aname(request.model, 'model')}/infer`, {
    method: 'POST',
    type: BYTES_TYPE,
    body,
    headers: { [JSON_LENGTH_HEADER]: length, ...(prefer === undefined ? {} : { prefer }) },
  })
  const receipt = ticketOf(response)
  const { document, binary } = splitInference(await readAnswer(response), response.headers.get(JSON_LENGTH_HEADER), 'answer of the node')
  if (receipt === undefined || !isObject(document))
    throw new UtnetError('node_unreachable', 'the answer carries no receipt: is this a node?')
  const { model_version: model, parameters: given, outputs } = document
  const arithmetic = isObject(given) ? given['arithmetic'] : undefined
  if (typeof model !== 'string' || typeof arithmetic !== 'string')
    throw new UtnetError('node_unreachable', 'the answer names no model and arithmetic')
  return { model, arithmetic, outputs: tensorsOf(outputs, 'output', LIMITS.tensorsPerCall, binary), receipt }
}
