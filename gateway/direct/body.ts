/** Bodies of node:http requests, under the limits of `http/body.ts`. */
import type { IncomingMessage } from 'node:http'
import { limitError, LIMITS, UtnetError } from '../../runtime/core/index.ts'
import { announced, EMPTY } from '../http/index.ts'

/** Reads a body of at most `LIMITS.bodyBytes`; what is over it is not read. `contentLength` is that field's value, null where it is missing. */
export function readIncoming(incoming: IncomingMessage, contentLength: string | null): Promise<Uint8Array> {
  const allowed = LIMITS.bodyBytes
  const length = announced(contentLength, 'bodyBytes')
  if (length === 0) return Promise.resolve(EMPTY)
  return new Promise((resolve, reject) => {
    // One buffer where the length is known and not so large that a mere announcement would cost its memory.
    let buffer = new Uint8Array(Math.min(length ?? 0, 1 << 20))
    let size = 0
    const room = (most: number): void => {
      const wider = new Uint8Array(Math.min(most, Math.max(buffer.length * 2, 16 * 1024)))
      wider.set(buffer.subarray(0, size))
      buffer = wider
    }
    incoming.on('data', (chunk: Buffer) => {
      if (size + chunk.length > allowed) {
        incoming.pause()
        incoming.removeAllListeners('data')
        reject(limitError('request_too_large', 'bodyBytes', size + chunk.length, allowed, 'request body'))
        return
      }
      while (size + chunk.length > buffer.length) room(length ?? allowed)
      buffer.set(chunk, size)
      size += chunk.length
    })
    let whole = false
    incoming.once('end', () => {
      whole = true
      resolve(size === buffer.length ? buffer : buffer.subarray(0, size))
    })
    // every request closes; an error with its stack is made for those that break off
    const early = (): void => {
      if (!whole) reject(new UtnetError('request_invalid', 'the request body ended early'))
    }
    incoming.once('error', early)
    incoming.once('close', early)
  })
}
