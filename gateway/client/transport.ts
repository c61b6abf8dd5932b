/** Requests to a node: limits on what is read, errors mapped back. */
import { asUtnetError, LIMITS, UtnetError, parseJson } from '../../runtime/core/index.ts'
import { errorOf, JSON_TYPE, readStream } from '../wire/index.ts'

/** The part of `fetch` that the client uses. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly json?: unknown
  readonly body?: Uint8Array
  readonly type?: string
  readonly accept?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Transport {
  readonly base: string
  /** Sends as it is; throws `node_unreachable` when nothing answers. */
  readonly send: (path: string, init: RequestInit) => Promise<Response>
  /** Sends, and throws the error that a refusal carries. */
  readonly ask: (path: string, call?: Call) => Promise<Response>
  readonly json: <T>(path: string, call?: Call) => Promise<T>
  readonly bytes: (path: string, call?: Call) => Promise<Uint8Array>
}

/** The bytes of an answer, at most as many as the largest file of the surface. */
export async function readAnswer(response: Response): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(0)
  try {
    return await readStream(response.body, {
      code: 'core_too_large',
      limit: 'carBytes',
      allowed: LIMITS.carBytes,
      what: 'answer of the node',
    })
  } catch (cause) {
    if (cause instanceof UtnetError) throw cause
    throw new UtnetError('node_unreachable', 'the node broke its answer off', { cause })
  }
}

/** The error of a refusal: the node's own where it sent one of ours. */
export async function refusal(response: Response): Promise<UtnetError> {
  const bytes = await readAnswer(response)
  try {
    const error = errorOf(parseJson(bytes, 'problem'))
    if (error !== undefined) return error
  } catch {
    // Not a document of ours: the status says what there is to say.
  }
  return new UtnetError('node_unreachable', `${response.url} answered ${response.status} without a problem document`, {
    hint: 'see that the URL names a node, not something in front of it',
    details: { status: response.status },
  })
}

function initOf(call: Call): RequestInit {
  const headers: Record<string, string> = { accept: call.accept ?? JSON_TYPE, ...call.headers }
  if (call.json !== undefined) headers['content-type'] = JSON_TYPE
  if (call.type !== undefined) headers['content-type'] = call.type
  const body = call.json === undefined ? call.body : JSON.stringify(call.json)
  return { method: call.method ?? 'GET', headers, ...(body === undefined ? {} : { body: body as BodyInit }) }
}

/** The transport to the node at `url`. */
export function transport(url: string, fetch: Fetch): Transport {
  let base: string
  try {
    const parsed = new URL(url)
    if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') throw new TypeError('not an HTTP URL')
    base = `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`
  } catch (cause) {
    throw new UtnetError('core_bad_argument', `the node's URL must be an http or https URL: ${String(url).slice(0, 120)}`, { cause })
  }
  const send: Transport['send'] = async (path, init) => {
    try {
      return await fetch(`${base}${path}`, init)
    } catch (cause) {
      if (init.signal?.aborted === true) throw asUtnetError(cause)
      const inner =
        cause instanceof Error && cause.cause instanceof Error
          ? cause.cause.message
          : cause instanceof Error
            ? cause.message
            : String(cause)
      throw new UtnetError('node_unreachable', `no node answers at ${base}: ${inner}`, { hint: 'start one: utnet dev', cause })
    }
  }
  const ask: Transport['ask'] = async (path, call = {}) => {
    const response = await send(path, initOf(call))
    if (!response.ok) throw await refusal(response)
    return response
  }
  return {
    base,
    send,
    ask,
    json: async <T>(path: string, call?: Call) => parseJson(await readAnswer(await ask(path, call)), 'answer of the node') as T,
    bytes: async (path, call) => readAnswer(await ask(path, call)),
  }
}
