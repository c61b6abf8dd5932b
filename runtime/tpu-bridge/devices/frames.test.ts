import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS } from '../../core/index.ts'
import { FrameReader, framed, PARTS_MAX } from './frames.ts'

const PART_MAX = 8 * LIMITS.tensorElements
/** A frame with that text as its head, and no parts. */
function withHead(text: string): Uint8Array {
  const head = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(head.length)
  return Buffer.concat([length, head])
}
const parts = (...lengths: number[]): Uint8Array => withHead(JSON.stringify({ parts: lengths, message: null }))
const read = (bytes: Uint8Array): readonly unknown[] => new FrameReader().push(bytes)

const message = fc.record({
  id: fc.nat(),
  name: fc.string({ unit: 'binary' }),
  tensors: fc.array(fc.record({ shape: fc.array(fc.nat(), { maxLength: 3 }), data: fc.uint8Array({ maxLength: 300 }) }), { maxLength: 5 }),
})

test('messages come out as they went in, wherever the stream is cut and whatever lies in one piece', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }),
      (all, cuts) => {
        const stream = Buffer.concat(all.flatMap(framed))
        const reader = new FrameReader()
        const got: unknown[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = at + (cuts[i % cuts.length] as number)
          got.push(...reader.push(stream.subarray(at, end)))
          at = end
        }
        expect(got).toEqual(all)
      },
    ),
  )
})

test('bytes that are read belong to nobody else: each part has a buffer of its own, a Buffer is bytes as any other', () => {
  const [got] = read(Buffer.concat(framed({ a: Buffer.from('abc'), b: Buffer.alloc(0), c: Uint8Array.of(1, 2) }))) as [
    Record<string, Uint8Array>,
  ]
  expect(got).toEqual({ a: Uint8Array.of(97, 98, 99), b: new Uint8Array(0), c: Uint8Array.of(1, 2) })
  expect(Object.values(got).map((bytes) => bytes.buffer.byteLength)).toEqual([3, 0, 2])
})

test('no tensors and no bytes are a message; bigints arrive as text', () => {
  expect(read(Buffer.concat(framed({ ok: [] })))).toEqual([{ ok: [] }])
  expect(read(Buffer.concat(framed({ used: 1n << 64n })))).toEqual([{ used: '18446744073709551616' }])
  expect(read(new Uint8Array(0))).toEqual([])
})

test('over a limit nothing is framed, and nothing is taken: the head, the number of parts, the bytes of one and of all', () => {
  const over = (limit: string, allowed: number) => expect.objectContaining({ code: 'core_too_large', limit, used: allowed + 1, allowed })
  const empty = Buffer.concat(framed('')).length - 4
  const longest = 'x'.repeat(LIMITS.deviceHeadBytes - empty)
  expect(read(Buffer.concat(framed(longest)))).toEqual([longest])
  expect(() => framed(`${longest}x`)).toThrow(over('deviceHeadBytes', LIMITS.deviceHeadBytes))
  const many = Array.from({ length: PARTS_MAX }, () => new Uint8Array(0))
  expect(read(Buffer.concat(framed(many)))).toEqual([many])
  expect(() => framed([...many, new Uint8Array(0)])).toThrow(over('tensorsPerCall', PARTS_MAX))

  const length = Buffer.alloc(4)
  length.writeUInt32LE(LIMITS.deviceHeadBytes + 1)
  expect(() => read(length)).toThrow(over('deviceHeadBytes', LIMITS.deviceHeadBytes))
  expect(() => read(parts(...Array.from({ length: PARTS_MAX + 1 }, () => 1)))).toThrow(over('tensorsPerCall', PARTS_MAX))
  expect(read(parts(PART_MAX))).toEqual([])
  expect(() => read(parts(PART_MAX + 1))).toThrow(over('tensorElements', PART_MAX))
  const whole = Array.from({ length: LIMITS.deviceBytes / PART_MAX }, () => PART_MAX)
  expect(read(parts(...whole))).toEqual([])
  expect(() => read(parts(...whole, 1))).toThrow(over('deviceBytes', LIMITS.deviceBytes))
})

test('what is no frame is refused', () => {
  const refused = expect.objectContaining({ code: 'request_invalid' })
  for (const bytes of [
    new Uint8Array(4),
    withHead('{'),
    withHead('[]'),
    withHead('{"message":1}'),
    withHead('{"parts":[-1]}'),
    withHead('{"parts":[0.5]}'),
    withHead('{"parts":["1"]}'),
    withHead('{"parts":[],"message":{"$part":0}}'),
    withHead('{"parts":[0],"message":[{"$part":0},{"$part":0}]}'),
    withHead('{"parts":[],"message":{"$part":-1}}'),
    withHead(`{"parts":[],"message":${'['.repeat(100)}${']'.repeat(100)}}`),
  ])
    expect(() => read(bytes)).toThrow(refused)
})
