/** Reads a body up to a limit; a body whose length is known is kept once. */
import { limitError, UtnetError, type ErrorCode } from '../../runtime/core/index.ts'

/** How much may be read, in bytes, and how the refusal is worded. */
export interface ReadLimit {
  /** Error code, name of the limit and what is read, for the refusal. */
  readonly code: ErrorCode
  readonly limit: string
  readonly what: string
  readonly allowed: number
  /** Length that was announced, if any; at most `allowed`. */
  readonly length?: number
}

const over = (used: number, r: ReadLimit): UtnetError => limitError(r.code, r.limit, used, r.allowed, r.what)

const FIRST = 64 * 1024

/** The bytes of a stream; cancels it and throws at the first byte over the limit. Tiny chunks cost no more than large ones. */
export async function readStream(stream: ReadableStream<Uint8Array>, r: ReadLimit): Promise<Uint8Array> {
  const reader = stream.getReader()
  const refuse = (error: UtnetError): UtnetError => {
    reader.cancel(error).catch(() => undefined)
    return error
  }
  let buffer = new Uint8Array(r.length ?? Math.min(FIRST, r.allowed))
  let used = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const end = used + value.length
    if (end > r.allowed) throw refuse(over(end, r))
    if (end > buffer.length) {
      if (r.length !== undefined) throw refuse(new UtnetError('request_invalid', `${r.what} is longer than its Content-Length`))
      const larger = new Uint8Array(Math.min(r.allowed, Math.max(end, buffer.length * 2)))
      larger.set(buffer.subarray(0, used))
      buffer = larger
    }
    buffer.set(value, used)
    used = end
  }
  if (r.length !== undefined && used !== r.length) throw new UtnetError('request_invalid', `${r.what} is shorter than its Content-Length`)
  // A copy gives the spare room back where it is most of the buffer.
  return used * 2 < buffer.length ? buffer.slice(0, used) : buffer.subarray(0, used)
}
