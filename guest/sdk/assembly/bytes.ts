/** Text and bytes. */

/** Lone surrogates become U+FFFD, as in every encoder of the web. */
export function toUtf8(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE))
}

/** What is no UTF-8 becomes U+FFFD, as in every decoder of the web (WHATWG Encoding, "UTF-8 decoder"); a byte order mark stays. */
export function fromUtf8(bytes: Uint8Array): string {
  const length = <usize>bytes.length
  if (length == 0) return ''
  let p = bytes.dataStart
  const end = p + length
  const text = __new(length << 1, idof<string>())
  let out = text
  while (p < end) {
    const byte = <u32>load<u8>(p++)
    if (byte < 0x80) {
      store<u16>(out, <u16>byte)
      out += 2
      continue
    }
    let left = byte >= 0xc2 && byte <= 0xdf ? 1 : (byte & 0xf0) == 0xe0 ? 2 : byte >= 0xf0 && byte <= 0xf4 ? 3 : 0
    let point: u32 = left == 0 ? 0xfffd : byte & (0x3f >> left)
    // the second byte's range keeps out long forms, surrogates and what is above U+10FFFF
    let low: u32 = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80
    let high: u32 = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf
    for (; left > 0; left--) {
      const next: u32 = p < end ? <u32>load<u8>(p) : 0
      if (next < low || next > high) {
        point = 0xfffd
        break
      }
      point = (point << 6) | (next & 0x3f)
      low = 0x80
      high = 0xbf
      p++
    }
    if (point >= 0x10000) {
      store<u16>(out, <u16>(0xd7c0 + (point >> 10)))
      store<u16>(out, <u16>(0xdc00 | (point & 0x3ff)), 2)
      out += 4
    } else {
      store<u16>(out, <u16>point)
      out += 2
    }
  }
  return changetype<string>(__renew(text, out - text))
}

/** One character a byte, as HTTP headers are read. */
export function fromLatin1(bytes: Uint8Array): string {
  const length = bytes.length
  const text = changetype<string>(__new((<usize>length) << 1, idof<string>()))
  for (let i = 0; i < length; i++) store<u16>(changetype<usize>(text) + ((<usize>i) << 1), <u16>unchecked(bytes[i]))
  return text
}

/** Throws for a character above U+00FF. */
export function toLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0xff) throw new Error('not Latin-1: ' + text)
    unchecked((bytes[i] = <u8>code))
  }
  return bytes
}

/** All chunks in a row; a single chunk is given back as it is. */
export function concat(chunks: Array<Uint8Array>): Uint8Array {
  if (chunks.length == 1) return chunks[0]
  let size = 0
  for (let i = 0; i < chunks.length; i++) size += chunks[i].length
  const all = new Uint8Array(size)
  for (let i = 0, at = 0; i < chunks.length; i++) {
    const chunk = chunks[i]
    memory.copy(all.dataStart + <usize>at, chunk.dataStart, <usize>chunk.length)
    at += chunk.length
  }
  return all
}

/** Null where the text is not pairs of hex digits, of either case. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 != 0) return null
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const lower = code | 0x20
    const digit = code >= 0x30 && code <= 0x39 ? code - 0x30 : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
    if (digit < 0) return null
    bytes[i >> 1] = (bytes[i >> 1] << 4) | <u8>digit
  }
  return bytes
}

const HEX = '0123456789abcdef'

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += HEX.charAt(bytes[i] >> 4) + HEX.charAt(bytes[i] & 15)
  return text
}
