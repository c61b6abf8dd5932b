/** Base64 (RFC 4648): the padded alphabet of section 4, the URL-safe one of section 5 without padding. Read strictly: one text for the same bytes. */

const PLAIN = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const URL_SAFE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function encode(bytes: Uint8Array, alphabet: string, padded: bool): string {
  const length = bytes.length
  const rest = length % 3
  const digits = (length / 3) * 4 + (rest == 0 ? 0 : padded ? 4 : rest + 1)
  const text = changetype<string>(__new((<usize>digits) << 1, idof<string>()))
  let out = changetype<usize>(text)
  for (let i = 0; i < length; i += 3) {
    const left = length - i
    const triple = ((<u32>bytes[i]) << 16) | (left > 1 ? (<u32>bytes[i + 1]) << 8 : 0) | (left > 2 ? <u32>bytes[i + 2] : 0)
    for (let digit = 0; digit < 4; digit++) {
      const there = digit <= left
      if (!there && !padded) break
      store<u16>(out, there ? <u16>alphabet.charCodeAt((triple >> (18 - 6 * digit)) & 63) : 0x3d)
      out += 2
    }
  }
  return text
}

/** -1 for what is no digit. */
function valueOf(code: i32, urlSafe: bool): i32 {
  if (code >= 0x41 && code <= 0x5a) return code - 0x41
  if (code >= 0x61 && code <= 0x7a) return code - 0x47
  if (code >= 0x30 && code <= 0x39) return code + 4
  if (code == (urlSafe ? 0x2d : 0x2b)) return 62
  if (code == (urlSafe ? 0x5f : 0x2f)) return 63
  return -1
}

function decode(text: string, urlSafe: bool): Uint8Array | null {
  let digits = text.length
  if (!urlSafe) {
    if (digits % 4 != 0) return null
    if (digits > 0 && text.charCodeAt(digits - 1) == 0x3d) digits -= text.charCodeAt(digits - 2) == 0x3d ? 2 : 1
  }
  if (digits % 4 == 1) return null
  const bytes = new Uint8Array((digits / 4) * 3 + (digits % 4 == 0 ? 0 : (digits % 4) - 1))
  let bits: u32 = 0
  let have = 0 // bits that are no bytes yet
  for (let i = 0, at = 0; i < digits; i++) {
    const value = valueOf(text.charCodeAt(i), urlSafe)
    if (value < 0) return null
    bits = (bits << 6) | value
    have += 6
    if (have < 8) continue
    have -= 8
    bytes[at++] = <u8>(bits >> have)
  }
  // what is behind the last byte must be zero: else two texts were the same bytes
  return (bits & ((1 << have) - 1)) == 0 ? bytes : null
}

export function toBase64(bytes: Uint8Array): string {
  return encode(bytes, PLAIN, true)
}

/** Null where the text is not base64. */
export function fromBase64(text: string): Uint8Array | null {
  return decode(text, false)
}

/** Without padding, as tokens and URLs have it. */
export function toBase64Url(bytes: Uint8Array): string {
  return encode(bytes, URL_SAFE, false)
}

/** Null where the text is not base64url. */
export function fromBase64Url(text: string): Uint8Array | null {
  return decode(text, true)
}
