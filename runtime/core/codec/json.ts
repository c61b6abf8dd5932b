/** JSON of strangers: strict UTF-8 and a bounded depth. */
import { fromUtf8 } from './bytes.ts'
import { limitError, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** Throws `request_invalid` when the text nests deeper than `LIMITS.jsonDepth`; looks at brackets outside strings only. */
function checkDepth(text: string, what: string): void {
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (quoted) {
      if (c === 0x5c) i++
      else if (c === 0x22) quoted = false
    } else if (c === 0x22) quoted = true
    else if (c === 0x5b || c === 0x7b) {
      if (++depth > LIMITS.jsonDepth) throw limitError('request_invalid', 'jsonDepth', depth, LIMITS.jsonDepth, `nesting of ${what}`)
    } else if (c === 0x5d || c === 0x7d) depth--
  }
}

/** The value of JSON bytes; throws `request_invalid` naming `what`. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  let text: string
  try {
    text = fromUtf8(bytes, what)
  } catch (cause) {
    throw new UtnetError('request_invalid', `${what} is not valid UTF-8`, { cause })
  }
  checkDepth(text, what)
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new UtnetError('request_invalid', `${what} is not JSON: ${cause instanceof Error ? cause.message : ''}`, { cause })
  }
}

/** True for what JSON calls an object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
