/** Unsigned LEB128 integers, as CAR, CID and protobuf write them; below 2^53 and in their shortest form. */

/** Bytes of an unsigned integer. */
export function encodeVarint(n: number): Uint8Array {
  const out: number[] = []
  let v = n
  while (v >= 128) {
    out.push((v % 128) | 128)
    v = Math.floor(v / 128)
  }
  out.push(v)
  return Uint8Array.from(out)
}

/** The integer at a place and where it ends; undefined when it is cut off, not in its shortest form, or 2^53 and over. */
export function readVarint(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0
  let scale = 1
  for (let i = at; i < at + 8; i++) {
    const byte = bytes[i]
    if (byte === undefined) return undefined
    value += (byte & 127) * scale
    if (byte < 128) return (byte === 0 && i > at) || !Number.isSafeInteger(value) ? undefined : { value, next: i + 1 }
    scale *= 128
  }
  return undefined
}
