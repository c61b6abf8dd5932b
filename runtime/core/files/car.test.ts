import { create } from 'multiformats/hashes/digest'
import { expect, test } from 'vitest'
import { CID, cidOf, concatBytes, DAG_PB, encodeVarint, LIMITS, RAW, readCar, utf8, writeCar, type Block } from '../index.ts'

const block = (bytes: Uint8Array): Block => ({ cid: cidOf(RAW, bytes), bytes })
const hello = block(utf8('hello'))
/** The file of one block under another name. */
const named = (cid: CID, bytes = hello.bytes): Uint8Array => writeCar([hello.cid], [{ cid, bytes }])

test('a CAR file has as many bytes and blocks as the limits say, and no more', () => {
  expect(() => readCar(new Uint8Array(LIMITS.carBytes + 1))).toThrow(expect.objectContaining({ code: 'core_too_large', limit: 'carBytes' }))
  const blocks = Array.from({ length: LIMITS.carBlocks }, () => hello)
  const full = writeCar([hello.cid], blocks)
  expect(readCar(full).blocks).toHaveLength(LIMITS.carBlocks)
  const more = concatBytes(full, writeCar([hello.cid], [hello]).subarray(writeCar([hello.cid], []).length))
  expect(() => readCar(more)).toThrow(expect.objectContaining({ code: 'core_too_large', limit: 'carBlocks' }))
})

test('a block of a CAR file is as long as blocks may be', () => {
  const long = block(new Uint8Array(LIMITS.blockBytes))
  expect(readCar(writeCar([long.cid], [long])).blocks[0]?.bytes).toHaveLength(LIMITS.blockBytes)
  const over = block(new Uint8Array(LIMITS.blockBytes + 1))
  expect(() => readCar(writeCar([over.cid], [over]))).toThrow(expect.objectContaining({ code: 'core_too_large', limit: 'blockBytes' }))
})

test('a block goes by its sha2-256 alone: identity, other hashes and cut digests are refused, a name of version 0 is read as version 1', () => {
  const { digest } = hello.cid.multihash
  const bad = { code: 'bundle_invalid' }
  expect(() => readCar(named(CID.createV1(RAW, create(0, hello.bytes))))).toThrow(expect.objectContaining(bad))
  // sha2-512/256, of the same length
  expect(() => readCar(named(CID.createV1(RAW, create(0x1015, digest))))).toThrow(expect.objectContaining(bad))
  expect(() => readCar(named(CID.createV1(RAW, create(0x12, digest.subarray(0, 16)))))).toThrow(
    expect.objectContaining({ code: 'block_mismatch' }),
  )
  expect(readCar(named(CID.createV0(hello.cid.multihash as never))).blocks[0]?.cid.toString()).toBe(cidOf(DAG_PB, hello.bytes).toString())
})

test('a number or name that is not in its shortest form is refused', () => {
  const file = named(hello.cid)
  const head = writeCar([hello.cid], []).length
  expect(readCar(file).blocks).toEqual([hello])
  const length = file[head] as number
  const long = Uint8Array.of(length | 128, 0)
  expect(() => readCar(concatBytes(file.subarray(0, head), long, file.subarray(head + 1)))).toThrow(
    expect.objectContaining({ code: 'bundle_invalid' }),
  )
  // version 1 in two bytes
  const name = concatBytes(Uint8Array.of(0x81, 0), hello.cid.bytes.subarray(1))
  const section = concatBytes(encodeVarint(name.length + hello.bytes.length), name, hello.bytes)
  expect(() => readCar(concatBytes(file.subarray(0, head), section))).toThrow(expect.objectContaining({ code: 'bundle_invalid' }))
})
