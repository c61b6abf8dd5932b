/** Points of edwards25519 times scalars, for whoever holds a secret scalar: the same steps whatever it is. */
import { abytes } from '../../core/index.ts'
import { newInstance, type Exports } from './instance.ts'

interface Room {
  readonly exports: Exports
  readonly at: number
  readonly bytes: Uint8Array
}

let room: Room | undefined

function open(): Room {
  const exports = newInstance()
  const at = (exports.base() + 15) & ~15
  const missing = at + 96 - exports.memory.buffer.byteLength
  if (missing > 0) exports.memory.grow(Math.ceil(missing / 65_536))
  return { exports, at, bytes: new Uint8Array(exports.memory.buffer, at, 96) }
}

/**
 * The encoding (RFC 8032 5.1.2, 32 bytes) of a point (32 bytes) times a scalar (32 bytes, little-endian); undefined where the bytes are no point. Bytes of y that are not
 * reduced are read as what they are congruent to.
 */
export function timesPoint(point: Uint8Array, scalar: Uint8Array): Uint8Array | undefined {
  const { exports, at, bytes } = (room ??= open())
  bytes.set(abytes(point, 32, 'point'), 0)
  bytes.set(abytes(scalar, 32, 'scalar'), 32)
  const done = exports.times(at) !== 0
  const answer = bytes.slice(64, 96)
  bytes.fill(0, 32, 64)
  return done ? answer : undefined
}
