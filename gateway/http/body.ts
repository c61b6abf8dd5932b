/** Request bodies: the limit holds by Content-Length where there is one, and by counting where there is none. */
import { limitError, LIMITS, UtnetError, type LimitName } from '../../runtime/core/index.ts'
import { readStream } from '../wire/index.ts'

/** The limits of `core/limits.ts` that a body can run into, in bytes. */
export type BodyLimit = Extract<LimitName, 'bodyBytes' | 'txBytes' | 'enrolmentBytes' | 'deployedMapBytes' | 'mountBytes'>

export const EMPTY = new Uint8Array(0)

/** Below this a body is read in one step; above, into the one buffer that it ends in. */
const SMALL = 64 * 1024

/** The announced length, or undefined; throws `request_too_large` or `request_invalid`. */
export function announced(text: string | null, limit: BodyLimit): number | undefined {
  if (text === null) return undefined
  if (!/^[0-9]{1,15}$/.test(text)) throw new UtnetError('request_invalid', 'Content-Length must be an unsigned integer')
  const length = Number(text)
  if (length > LIMITS[limit]) throw limitError('request_too_large', limit, length, LIMITS[limit], 'request body')
  return length
}

/** Reads the body, at most `LIMITS[limit]` bytes. `contentLength` is that field's value, null where it is missing. */
export async function readBody(request: Request, limit: BodyLimit, contentLength: string | null): Promise<Uint8Array> {
  const length = announced(contentLength, limit)
  const allowed = LIMITS[limit]
  if (length === 0) return EMPTY
  try {
    if (length !== undefined && length <= SMALL) {
      const bytes = new Uint8Array(await request.arrayBuffer())
      if (bytes.length > allowed) throw limitError('request_too_large', limit, bytes.length, allowed, 'request body')
      return bytes
    }
    if (request.body === null) return EMPTY
    return await readStream(request.body, {
      code: 'request_too_large',
      limit,
      allowed,
      what: 'request body',
      ...(length === undefined ? {} : { length }),
    })
  } catch (cause) {
    if (cause instanceof UtnetError) throw cause
    throw new UtnetError('request_invalid', 'the request body ended early', { cause })
  }
}
