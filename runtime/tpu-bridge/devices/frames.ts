/**
 * Messages between a node and a device process on one pipe, as frames: the length of the head in 4 bytes, little-endian; the head, JSON of `{ parts, message }` with the lengths
 * of the parts; the parts, which are the byte arrays of the message, in order. In the message `{ $part: n }` stands for a byte array, text for a bigint.
 * Neither end trusts the other: what a head says is bounded before anything is allocated, and a part takes no memory before its turn.
 */
import { isObject, limitError, LIMITS, parseJson, UtnetError } from '../../core/index.ts'

/** Byte arrays of a message: tensors, and the roots of checkpoints. */
export const PARTS_MAX = 2 * LIMITS.tensorsPerCall
/** An f64 tensor of `tensorElements`. */
const PART_MAX = 8 * LIMITS.tensorElements
const LENGTH_BYTES = 4

/** The pieces of a frame, in order; byte arrays of the message are among them, not copied. Throws `core_too_large` over a limit. */
export function framed(message: unknown): readonly Uint8Array[] {
  const parts: Uint8Array[] = []
  const text = JSON.stringify(message, function (this: Readonly<Record<string, unknown>>, key, given: unknown) {
    // a Buffer has become its JSON already
    const value = this[key]
    if (value instanceof Uint8Array) return { $part: parts.push(value) - 1 }
    return typeof value === 'bigint' ? value.toString() : given
  })
  const head = Buffer.from(`{"parts":${JSON.stringify(parts.map((p) => p.length))},"message":${text}}`)
  checkHead(head.length)
  checkParts(parts.map((p) => p.length))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32LE(head.length)
  return [length, head, ...parts]
}

/** Reads frames from a stream of bytes that is cut anywhere. */
export class FrameReader {
  /** What is being filled: the length of the head, the head, or a part. */
  #piece: Uint8Array = new Uint8Array(LENGTH_BYTES)
  #at = 0
  #reading: 'length' | 'head' | 'part' = 'length'
  #message: unknown
  #lengths: readonly number[] = []
  #parts: Uint8Array[] = []

  /** Where the next bytes belong: never empty. */
  room(): Uint8Array {
    return this.#piece.subarray(this.#at)
  }

  /** That many bytes of the room are filled. A message where they end one; throws `core_too_large` or `request_invalid` for what is no frame, and is of no use from then on. */
  filled(bytes: number): { readonly message: unknown } | undefined {
    this.#at += bytes
    if (this.#at < this.#piece.length) return undefined
    if (this.#reading === 'length') {
      const length = Buffer.from(this.#piece.buffer).readUInt32LE()
      checkHead(length)
      this.#next('head', length)
      return undefined
    }
    if (this.#reading === 'head') this.#head()
    else this.#parts.push(this.#piece)
    // a part without bytes is there at once
    while (this.#lengths[this.#parts.length] === 0) this.#parts.push(new Uint8Array(0))
    const length = this.#lengths[this.#parts.length]
    if (length !== undefined) {
      this.#next('part', length)
      return undefined
    }
    const message = revived(this.#message, this.#parts)
    this.#next('length', LENGTH_BYTES)
    this.#message = undefined
    this.#parts = []
    return { message }
  }

  /** All messages that end within these bytes. Throws as `filled`. */
  push(bytes: Uint8Array): readonly unknown[] {
    const messages: unknown[] = []
    for (let at = 0; at < bytes.length;) {
      const room = this.room()
      const piece = bytes.subarray(at, at + room.length)
      room.set(piece)
      at += piece.length
      const found = this.filled(piece.length)
      if (found !== undefined) messages.push(found.message)
    }
    return messages
  }

  #head(): void {
    const head = parseJson(this.#piece, 'head of a frame')
    if (!isObject(head) || !Array.isArray(head['parts'])) throw new UtnetError('request_invalid', 'the head of a frame has no parts')
    const lengths = head['parts'] as readonly unknown[]
    if (!lengths.every((n): n is number => Number.isSafeInteger(n) && (n as number) >= 0))
      throw new UtnetError('request_invalid', 'a part of a frame has a length that is none')
    checkParts(lengths)
    this.#message = head['message']
    this.#lengths = lengths
  }

  #next(reading: 'length' | 'head' | 'part', length: number): void {
    this.#reading = reading
    // memory that is not written first; nobody sees it before it is filled
    this.#piece = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
    this.#at = 0
  }
}

function checkHead(bytes: number): void {
  if (bytes > LIMITS.deviceHeadBytes)
    throw limitError('core_too_large', 'deviceHeadBytes', bytes, LIMITS.deviceHeadBytes, 'head of a frame')
  if (bytes === 0) throw new UtnetError('request_invalid', 'a frame has no head')
}

function checkParts(lengths: readonly number[]): void {
  if (lengths.length > PARTS_MAX) throw limitError('core_too_large', 'tensorsPerCall', lengths.length, PARTS_MAX, 'parts of a frame')
  for (const n of lengths) if (n > PART_MAX) throw limitError('core_too_large', 'tensorElements', n, PART_MAX, 'bytes of a part')
  const all = lengths.reduce((sum, n) => sum + n, 0)
  if (all > LIMITS.deviceBytes) throw limitError('core_too_large', 'deviceBytes', all, LIMITS.deviceBytes, 'parts of a frame')
}

/** The message with its byte arrays, each of which stands in it once. */
function revived(value: unknown, parts: (Uint8Array | undefined)[]): unknown {
  if (Array.isArray(value)) return value.map((item) => revived(item, parts))
  if (!isObject(value)) return value
  const { $part } = value
  if (typeof $part !== 'number') return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revived(item, parts)]))
  const part = parts[$part]
  if (part === undefined) throw new UtnetError('request_invalid', `a frame has no part ${$part}, or names it twice`)
  parts[$part] = undefined
  return part
}
