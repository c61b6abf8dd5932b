/** Walks one protobuf message over untrusted bytes: no recursion, no copies. A field of another wire type than its own is for the caller to skip, as the runtimes do. */
import { UtnetError } from '../../core/index.ts'

export interface Field {
  readonly number: number
  /** 0 varint, 1 64-bit, 2 length-delimited, 5 32-bit. */
  readonly wire: number
  /** Value of a varint as a signed integer of 64 bits, the nearest that a number holds; 0 for the other wire types. */
  readonly value: number
  /** Bytes of the value, a view; those of a varint too, so that one alone reads as a packed list of one. */
  readonly bytes: Uint8Array
}

const bad = (why: string): UtnetError => new UtnetError('model_invalid', `the model is not a well-formed ONNX file: ${why}`)

/** The fields of a message in wire order; throws `model_invalid` on malformed bytes and on the obsolete group types. */
export function* fields(message: Uint8Array): Generator<Field> {
  const cursor: Cursor = { at: 0, low: 0, high: 0 }
  const short = (maxBytes: number): number => {
    let value = 0
    for (let i = 0; i < maxBytes; i++) {
      const byte = message[cursor.at++]
      if (byte === undefined) throw bad('it ends early')
      value += (byte & 127) * 2 ** (7 * i)
      if (byte < 128) return value
    }
    throw bad('a varint is too long')
  }
  while (cursor.at < message.length) {
    const tag = short(5)
    const number = Math.floor(tag / 8)
    const wire = tag % 8
    if (number === 0 || number > 0x1fff_ffff) throw bad('a field number is out of range')
    if (wire === 0) {
      const from = cursor.at
      const value = signed(message, cursor)
      yield { number, wire, value, bytes: message.subarray(from, cursor.at) }
      continue
    }
    const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? short(5) : -1
    if (length < 0) throw bad(`wire type ${wire} is not used by ONNX`)
    if (length > message.length - cursor.at) throw bad('it ends early')
    const bytes = message.subarray(cursor.at, cursor.at + length)
    cursor.at += length
    yield { number, wire, value: 0, bytes }
  }
}

/** How many varints a packed field holds: the bytes that end one. Throws `model_invalid` where the last does not end. */
export function countVarints(packed: Uint8Array): number {
  let n = 0
  for (let i = 0; i < packed.length; i++) if ((packed[i] as number) < 128) n++
  if (packed.length > 0 && (packed[packed.length - 1] as number) > 127) throw bad('it ends early')
  return n
}

/** Varints of a packed field, each given as its low and its high 32 bits, unsigned. */
export function eachVarint(packed: Uint8Array, take: (low: number, high: number) => void): void {
  const cursor: Cursor = { at: 0, low: 0, high: 0 }
  while (cursor.at < packed.length) {
    wide(packed, cursor)
    take(cursor.low, cursor.high)
  }
}

/** The signed integer of 64 bits that the halves are, as the nearest that a number holds. */
export const signedNumber = (low: number, high: number): number => (high | 0) * 2 ** 32 + low

interface Cursor {
  at: number
  /** Halves of the varint that was read last, unsigned. */
  low: number
  high: number
}

/** Reads a varint of at most 10 bytes; bits beyond the 64th fall away, as in every reader of protobuf. */
function wide(message: Uint8Array, cursor: Cursor): void {
  let low = 0
  let high = 0
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = message[cursor.at++]
    if (byte === undefined) throw bad('it ends early')
    const bits = byte & 127
    if (shift < 32) low |= bits << shift
    if (shift === 28) high |= bits >>> 4
    else if (shift > 28) high |= bits << (shift - 32)
    if (byte < 128) {
      cursor.low = low >>> 0
      cursor.high = high >>> 0
      return
    }
  }
  throw bad('a varint is too long')
}

function signed(message: Uint8Array, cursor: Cursor): number {
  wide(message, cursor)
  return signedNumber(cursor.low, cursor.high)
}
