/**
 * What stands behind each value on the disk: a checksum of key and value. LMDB has none, so a byte that changed there, or a value in another's place, would be
 * believed: a vote row of the wrong height lets a validator sign twice.
 */
import { crc32 } from 'node:zlib'
import { toHex, UtnetError } from '../core/index.ts'

const SEAL_BYTES = 4

const sealOf = (key: Uint8Array, value: Uint8Array): number => crc32(value, crc32(key))

/** The value with its seal behind it. */
export function sealed(key: Uint8Array, value: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(value.length + SEAL_BYTES)
  out.set(value)
  out.writeUInt32BE(sealOf(key, value), value.length)
  return out
}

/** A copy of the value without its seal; throws `data_corrupt` where the two do not fit, with the key as `row`. `length` bytes of the view are it. */
export function unsealed(key: Uint8Array, view: Uint8Array, length: number): Uint8Array {
  const end = length - SEAL_BYTES
  const value = new Uint8Array(Math.max(0, end))
  value.set(view.subarray(0, value.length))
  if (end < 0 || sealOf(key, value) !== new DataView(view.buffer, view.byteOffset).getUint32(end))
    throw new UtnetError('data_corrupt', 'a row of the store is damaged', {
      hint: 'restore the data folder from a copy, or start from a new one',
      details: { row: toHex(key) },
    })
  return value
}
