/** Walks one protobuf message over untrusted bytes: no recursion, no copies. Only what a graph check needs. */
import { UtnetError } from '../core/index.ts'

export interface Field {
  readonly number: number
  /** 0 varint, 1 64-bit, 2 length-delimited, 5 32-bit. */
  readonly wire: number
  /** Value of a varint, truncated to 2^53; 0 for the other wire types. */
  readonly value: number
  /** Bytes of a length-delimited field; empty for the others. */
  readonly bytes: Uint8Array
}

const NONE = new Uint8Array()

/** The fields of a message in wire order; throws `model_invalid` on malformed bytes and on the obsolete group types. */
export function* fields(message: Uint8Array): Generator<Field> {
  let at = 0
  const bad = (why: string) => new UtnetError('model_invalid', `the model is not a well-formed ONNX file: ${why}`)
  const varint = (maxBytes: number): number => {
    let value = 0
    for (let i = 0; i < maxBytes; i++) {
      const byte = message[at++]
      if (byte === undefined) throw bad('it ends early')
      value += (byte & 127) * 2 ** (7 * i)
      if (byte < 128) return value
    }
    throw bad('a varint is too long')
  }
  while (at < message.length) {
    const tag = varint(5)
    const number = Math.floor(tag / 8)
    const wire = tag % 8
    if (number === 0 || number > 0x1fff_ffff) throw bad('a field number is out of range')
    if (wire === 0) {
      yield { number, wire, value: varint(10), bytes: NONE }
      continue
    }
    const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? varint(5) : -1
    if (length < 0) throw bad(`wire type ${wire} is not used by ONNX`)
    if (length > message.length - at) throw bad('it ends early')
    const bytes = wire === 2 ? message.subarray(at, at + length) : NONE
    at += length
    yield { number, wire, value: 0, bytes }
  }
}
