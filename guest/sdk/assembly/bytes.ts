/** Text and bytes. */

/** Lone surrogates become U+FFFD, as in every encoder of the web. */
export function toUtf8(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE))
}

export function fromUtf8(bytes: Uint8Array): string {
  return String.UTF8.decodeUnsafe(bytes.dataStart, <usize>bytes.length)
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

const HEX = '0123456789abcdef'

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += HEX.charAt(bytes[i] >> 4) + HEX.charAt(bytes[i] & 15)
  return text
}
