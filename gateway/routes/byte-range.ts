/** Single byte ranges (RFC 9110 section 14). */

export interface ByteRange {
  readonly start: number
  /** One past the last byte. */
  readonly end: number
}

/** The range of a field over `size` bytes; undefined where the field is to be ignored, null where it cannot be satisfied. */
export function byteRange(field: string | null, size: number): ByteRange | null | undefined {
  const match = field === null ? null : /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(field.trim())
  if (match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? null : { start: size - length, end: size }
  }
  const start = Number(first)
  const end = last === '' ? size : Math.min(Number(last) + 1, size)
  if (last !== '' && Number(last) < start) return undefined
  return start >= size ? null : { start, end }
}
