import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../../core/index.ts'
import { HashArena, SHA_ROOM } from './index.ts'
import { buildKernel } from '../testing/build.ts'
import { SHA256X4_WASM } from './wasm.ts'

/** Digests of messages that are hashed together, as hex; each is put to two places. */
function together(arena: HashArena, messages: readonly Uint8Array[]): string[] {
  const end = messages.reduce((n, m) => n + m.length + SHA_ROOM, arena.start)
  arena.reserve(end + messages.length * 64)
  let at = arena.start
  const outs = messages.map((m, i) => {
    const out = end + i * 64
    arena.bytes.set(m, at)
    arena.hash(at, m.length, out, out + 32)
    at += m.length + SHA_ROOM
    return out
  })
  arena.run()
  return outs.map((out) => {
    const hex = toHex(arena.bytes.subarray(out, out + 32))
    expect(toHex(arena.bytes.subarray(out + 32, out + 64))).toBe(hex)
    return hex
  })
}

const native = (m: Uint8Array): string => createHash('sha256').update(m).digest('hex')

test('the built module is what its source gives', async () => {
  expect(Buffer.from(await buildKernel('sha256x4')).toString('base64')).toBe(SHA256X4_WASM)
}, 60_000)

test('vectors of FIPS 180-4 and its examples', () => {
  const arena = new HashArena()
  expect(
    together(arena, [
      utf8('abc'),
      new Uint8Array(0),
      utf8('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
      utf8('a'.repeat(1_000_000)),
      fromHex('bd'),
      fromHex('c98c8e55'),
    ]),
  ).toEqual([
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    '68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b',
    '7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504',
  ])
})

test('every length up to 1000 equals node:crypto, beside neighbours of any other length', () => {
  const arena = new HashArena()
  const random = fc.sample(fc.uint8Array({ minLength: 1000, maxLength: 1000 }), { numRuns: 4, seed: 1 })
  for (let length = 0; length <= 1000; length++) {
    const messages = random.map((bytes, lane) => bytes.subarray(0, lane === 0 ? length : (length * (lane * 7 + 1) + lane * 61) % 1001))
    expect(together(arena, messages)).toEqual(messages.map(native))
  }
})

test('random lists of any count, more than jobs that wait, and a memory that grows', () => {
  const arena = new HashArena()
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 9 }), (messages) => {
      expect(together(arena, messages)).toEqual(messages.map(native))
    }),
    { numRuns: 300 },
  )
  const many = Array.from({ length: 1_001 }, (_, i) => new Uint8Array((i * 37) % 700).fill(i))
  expect(together(new HashArena(), many)).toEqual(many.map(native))
  expect(() => new HashArena().reserve(2 ** 40)).toThrow(expect.objectContaining({ code: 'core_too_large' }) as Error)
})

test('pairs of any count: each digest is that of node:crypto, in a memory that has just enough room', () => {
  const all = fc.sample(fc.uint8Array({ minLength: 64 * 1_100, maxLength: 64 * 1_100 }), { numRuns: 1 })[0] as Uint8Array
  const pairsOf = (count: number): string[] => {
    const arena = new HashArena()
    const at = arena.pairs(all.subarray(0, count * 64))
    return Array.from({ length: count }, (_, i) => toHex(arena.bytes.subarray(at + i * 32, at + i * 32 + 32)))
  }
  const digests = Array.from({ length: 1_100 }, (_, i) => native(all.subarray(i * 64, i * 64 + 64)))
  for (const count of [...Array(10).keys(), ...Array.from({ length: 500 }, (_, i) => 600 + i)])
    expect(pairsOf(count)).toEqual(digests.slice(0, count))
})
