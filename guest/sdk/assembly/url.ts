/** Path and query of a request (RFC 3986), and the form encoding of queries (WHATWG URL, `application/x-www-form-urlencoded`). */

import { fromUtf8, toUtf8 } from './bytes'

function hexValue(code: i32): i32 {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

/** Percent-escapes as UTF-8 text; what is no escape stays as it is, bytes that are no UTF-8 become U+FFFD. With `plus`, a `+` is a space. */
export function percentDecode(text: string, plus: bool = false): string {
  const raw = toUtf8(text)
  const bytes = new Uint8Array(raw.length)
  let size = 0
  for (let i = 0; i < raw.length; i++) {
    let byte = raw[i]
    if (byte == 0x25 && i + 2 < raw.length) {
      const high = hexValue(raw[i + 1])
      const low = hexValue(raw[i + 2])
      if (high >= 0 && low >= 0) {
        byte = <u8>((high << 4) | low)
        i += 2
      }
    } else if (byte == 0x2b && plus) byte = 0x20
    bytes[size++] = byte
  }
  return fromUtf8(bytes.subarray(0, size))
}

const HEX = '0123456789ABCDEF'

/** Everything but letters, digits and `-_.~` as percent-escapes of its UTF-8 bytes: safe in any part of a URL. */
export function percentEncode(text: string): string {
  const bytes = toUtf8(text)
  let out = ''
  for (let i = 0; i < bytes.length; i++) {
    const b = <i32>bytes[i]
    const letter = (b | 0x20) >= 0x61 && (b | 0x20) <= 0x7a
    const plain = letter || (b >= 0x30 && b <= 0x39) || b == 0x2d || b == 0x5f || b == 0x2e || b == 0x7e
    out += plain ? String.fromCharCode(b) : '%' + HEX.charAt(b >> 4) + HEX.charAt(b & 15)
  }
  return out
}

/** Names and values in their order, decoded. */
export class Query {
  readonly names: Array<string> = []
  readonly values: Array<string> = []

  constructor(text: string) {
    const parts = text.split('&')
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]
      if (part.length == 0) continue
      const equals = part.indexOf('=')
      this.names.push(percentDecode(equals < 0 ? part : part.substring(0, equals), true))
      this.values.push(equals < 0 ? '' : percentDecode(part.substring(equals + 1), true))
    }
  }

  /** The first value of a name, or null. */
  get(name: string): string | null {
    const i = this.names.indexOf(name)
    return i < 0 ? null : this.values[i]
  }

  /** The first value of a name, or what is given. */
  getOr(name: string, fallback: string): string {
    const i = this.names.indexOf(name)
    return i < 0 ? fallback : this.values[i]
  }

  getAll(name: string): Array<string> {
    const found: Array<string> = []
    for (let i = 0; i < this.names.length; i++) if (this.names[i] == name) found.push(this.values[i])
    return found
  }

  has(name: string): bool {
    return this.names.includes(name)
  }

  get length(): i32 {
    return this.names.length
  }
}

export class Url {
  /** As it was sent, not decoded: `/a%20b`. */
  readonly path: string
  /** Behind the `?`, not decoded; empty without one. */
  readonly search: string
  private parsed: Query | null = null

  /** Of path and query; a fragment is cut off. */
  constructor(text: string) {
    const hash = text.indexOf('#')
    const whole = hash < 0 ? text : text.substring(0, hash)
    const mark = whole.indexOf('?')
    this.path = mark < 0 ? whole : whole.substring(0, mark)
    this.search = mark < 0 ? '' : whole.substring(mark + 1)
  }

  get query(): Query {
    let query = this.parsed
    if (query === null) {
      query = new Query(this.search)
      this.parsed = query
    }
    return query
  }

  /** The parts between the slashes, decoded, empty ones left out. They may hold slashes and dots of their own: they are names, not a path. */
  get segments(): Array<string> {
    const found: Array<string> = []
    const parts = this.path.split('/')
    for (let i = 0; i < parts.length; i++) if (parts[i].length > 0) found.push(percentDecode(parts[i]))
    return found
  }
}
