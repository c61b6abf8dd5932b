/** Values of header fields: bytes to guests, latin-1 text to HTTP. */

type Headers = readonly (readonly [string, Uint8Array])[]
type TextHeaders = readonly (readonly [string, string])[]

/** Values up to here are read through one buffer: small arrays have none of their own before they are asked for it, which costs more than a copy. */
const SHORT = 1_024
const scratch = Buffer.allocUnsafeSlow(SHORT)

function textOf(bytes: Uint8Array): string {
  if (bytes.length > SHORT) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  scratch.set(bytes)
  return scratch.toString('latin1', 0, bytes.length)
}

export const latin1Headers = (headers: TextHeaders): Headers =>
  headers.map(([name, value]) => [name, Buffer.from(value, 'latin1')] as const)

export const textHeaders = (headers: Headers): TextHeaders => headers.map(([name, value]) => [name, textOf(value)] as const)
