/** Byte arrays: argument checks at the door, comparison, and the text forms used in the public views. */
import { UtnetError } from '../errors.ts'

/** Returns `value` when it is a Uint8Array (of `length` bytes, if given); throws `core_bad_argument` naming it otherwise. */
export function abytes(value: unknown, length: number | undefined, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new UtnetError('core_bad_argument', `${name} must be a Uint8Array`)
  if (length !== undefined && value.length !== length) {
    throw new UtnetError('core_bad_argument', `${name} must be ${length} bytes, got ${value.length}`)
  }
  return value
}

/** Joins byte arrays into a new one. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return joinBytes(parts)
}

/** As `concatBytes`, for lists that may be longer than a call has arguments. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  let total = 0
  for (const part of parts) total += part.length
  const out = new Uint8Array(total)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Byte equality. Not constant time: never used on secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Lexicographic order of unsigned bytes; a prefix sorts first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) {
    const d = (a[i] as number) - (b[i] as number)
    if (d !== 0) return d
  }
  return a.length - b.length
}

/** A string with a character for each byte, of the whole or a part: a key for maps. Other bytes give another string. */
export function byteString(bytes: Uint8Array, from = 0, end: number = bytes.length): string {
  let text = ''
  let i = from
  // sixteen at once: one call costs as much for sixteen as for one
  for (; i + 16 <= end; i += 16) {
    text += String.fromCharCode(
      bytes[i] as number,
      bytes[i + 1] as number,
      bytes[i + 2] as number,
      bytes[i + 3] as number,
      bytes[i + 4] as number,
      bytes[i + 5] as number,
      bytes[i + 6] as number,
      bytes[i + 7] as number,
      bytes[i + 8] as number,
      bytes[i + 9] as number,
      bytes[i + 10] as number,
      bytes[i + 11] as number,
      bytes[i + 12] as number,
      bytes[i + 13] as number,
      bytes[i + 14] as number,
      bytes[i + 15] as number,
    )
  }
  for (; i + 4 <= end; i += 4)
    text += String.fromCharCode(bytes[i] as number, bytes[i + 1] as number, bytes[i + 2] as number, bytes[i + 3] as number)
  for (; i < end; i++) text += String.fromCharCode(bytes[i] as number)
  return text
}

/** Copies a few bytes. Quicker than `set` of a view where they are few: no view is made. */
export function copyInto(out: Uint8Array, at: number, from: Uint8Array, start: number, length: number): void {
  for (let i = 0; i < length; i++) out[at + i] = from[start + i] as number
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 bytes of a string. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Bytes of a string in UTF-8. */
export function utf8Length(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return utf8(text).length
  return text.length
}

/** The string of strict UTF-8 bytes; throws `core_bad_text` on malformed input. */
export function fromUtf8(bytes: Uint8Array, name = 'text'): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new UtnetError('core_bad_text', `${name} is not valid UTF-8`)
  }
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i++) out += HEX[bytes[i] as number]
  return out
}

/** Bytes of lower-case hex of even length; throws `core_bad_text` otherwise. */
export function fromHex(text: string, name = 'hex'): Uint8Array {
  if (typeof text !== 'string' || text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new UtnetError('core_bad_text', `${name} must be lower-case hex of even length`)
  }
  const out = new Uint8Array(text.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16)
  return out
}

const B64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Padded base64 (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const a = bytes[i] as number
    const b = bytes[i + 1]
    const c = bytes[i + 2]
    out += B64.charAt(a >> 2) + B64.charAt(((a & 3) << 4) | ((b ?? 0) >> 4))
    out += b === undefined ? '=' : B64.charAt(((b & 15) << 2) | ((c ?? 0) >> 6))
    out += c === undefined ? '=' : B64.charAt(c & 63)
  }
  return out
}

/** Bytes of canonical padded base64; throws `core_bad_text` on anything else (unpadded, white space, non-zero trailing bits). */
export function fromBase64(text: string, name = 'base64'): Uint8Array {
  const bad = () => new UtnetError('core_bad_text', `${name} must be padded base64`)
  if (typeof text !== 'string' || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw bad()
  const body = text.replace(/=+$/, '')
  const out = new Uint8Array(Math.floor((body.length * 3) / 4))
  let bits = 0
  let count = 0
  let at = 0
  for (let i = 0; i < body.length; i++) {
    bits = ((bits << 6) | B64.indexOf(body.charAt(i))) & 0xffff
    count += 6
    if (count >= 8) {
      count -= 8
      out[at++] = (bits >> count) & 255
    }
  }
  if ((bits & ((1 << count) - 1)) !== 0) throw bad()
  return out
}
