import { constants, deflateRawSync, deflateSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { Guest, compileGuest } from './testing/guest.ts'

let guest: Guest
beforeAll(async () => {
  guest = new Guest(await compileGuest())
}, 60_000)

const GUARD = 64

/** Inflates in the guest; undefined if it refuses. Bytes around the output must stay as they were. */
function inflate(stream: Uint8Array, length: number): Uint8Array | undefined {
  const slack = guest.call('slack')
  return guest.withBytes(new Uint8Array(GUARD + length + slack + GUARD).fill(0xa5), (block) =>
    guest.withBytes(stream, (at) => {
      const out = block + GUARD
      const status = guest.call('inflate', at, stream.length, out, length)
      const memory = guest.memory
      for (let i = 0; i < GUARD; i++) {
        if (memory[block + i] !== 0xa5 || memory[out + length + slack + i] !== 0xa5) throw new Error('wrote outside the output')
      }
      return status === 0 ? memory.slice(out, out + length) : undefined
    }),
  )
}

function adler32(data: Uint8Array): number[] {
  let [a, b] = [1, 0]
  for (const byte of data) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  return [b >> 8, b & 255, a >> 8, a & 255]
}

/** What zlib makes of raw DEFLATE data: the output and the bytes it took; undefined if it refuses. */
function inflateNode(raw: Uint8Array): { out: Uint8Array; taken: number } | undefined {
  try {
    const { buffer, engine } = inflateRawSync(raw, { info: true, maxOutputLength: 1 << 20 }) as unknown as {
      buffer: Uint8Array
      engine: { bytesWritten: number }
    }
    return { out: new Uint8Array(buffer), taken: engine.bytesWritten }
  } catch {
    return undefined
  }
}

/** Holds the guest to zlib's opinion of `raw`; the checksum is made right where zlib can read it. True if both took it. */
function agree(raw: Uint8Array, lengths: readonly number[]): boolean {
  const node = inflateNode(raw)
  if (node === undefined) {
    for (const length of lengths) expect(inflate(Uint8Array.of(0x78, 0x9c, ...raw), length)).toBeUndefined()
    return false
  }
  const stream = Uint8Array.of(0x78, 0x9c, ...raw.subarray(0, node.taken), ...adler32(node.out))
  expect(inflate(stream, node.out.length)).toEqual(node.out)
  expect(inflate(stream, node.out.length + 1)).toBeUndefined()
  if (node.out.length > 0) {
    for (const length of [node.out.length - 1, node.out.length >> 1]) expect(inflate(stream, length)).toBeUndefined()
  }
  stream[stream.length - 1] = (stream.at(-1) ?? 0) ^ 1
  expect(inflate(stream, node.out.length)).toBeUndefined()
  return true
}

const repetitive = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 30 })), { maxLength: 30 })
  .map((parts) => {
    return new Uint8Array(Buffer.concat(parts.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes))))
  })
const options = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(
    constants.Z_DEFAULT_STRATEGY,
    constants.Z_FIXED,
    constants.Z_HUFFMAN_ONLY,
    constants.Z_RLE,
    constants.Z_FILTERED,
  ),
  memLevel: fc.integer({ min: 1, max: 9 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
})

test('inflates whatever zlib deflates', () => {
  fc.assert(
    fc.property(repetitive, options, (data, zlib) => {
      expect(inflate(deflateSync(data, zlib), data.length)).toEqual(data)
    }),
    { numRuns: 300 },
  )
})

test('inflates long codes and far matches', () => {
  // Frequencies like Fibonacci numbers make codes of up to 15 bits; the repeat is 30,000 bytes back.
  let [a, b] = [1, 1]
  const parts: Uint8Array[] = []
  for (let symbol = 0; symbol < 20; symbol++) {
    parts.push(new Uint8Array(a).fill(symbol * 7))
    ;[a, b] = [b, a + b]
  }
  const sorted = new Uint8Array(Buffer.concat(parts))
  const mixed = sorted.map((_, i) => sorted[(i * 7919) % sorted.length] ?? 0)
  const noise = Uint8Array.from({ length: 30_000 }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 255)
  for (const data of [mixed, new Uint8Array(Buffer.concat([noise, mixed, noise]))]) {
    for (const level of [1, 6, 9]) {
      for (const strategy of [constants.Z_DEFAULT_STRATEGY, constants.Z_HUFFMAN_ONLY]) {
        expect(inflate(deflateSync(data, { level, strategy }), data.length)).toEqual(data)
      }
    }
  }
})

test('takes and refuses the same damaged data as zlib, with the same bytes', () => {
  const seen = { taken: 0, refused: 0 }
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(repetitive, options, damage, fc.nat({ max: 8 }), (data, zlib, changes, cut) => {
      const raw = new Uint8Array(deflateRawSync(data, zlib))
      for (const [at, value] of changes) raw[at % raw.length] = value
      seen[agree(raw.subarray(0, Math.max(1, raw.length - cut)), [data.length, data.length + 1]) ? 'taken' : 'refused']++
    }),
    { numRuns: 2000 },
  )
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(0)
})

test('takes and refuses the same short random data as zlib', () => {
  // They reach the corners of the code length codes.
  const seen = { taken: 0, refused: 0 }
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2, maxLength: 60 }), fc.constantFrom(5, 4, 3, 2, 1, 0), (bytes, first) => {
      seen[agree(Uint8Array.of(first | ((bytes[0] ?? 0) << 3), ...bytes.subarray(1)), [0, 1, 40]) ? 'taken' : 'refused']++
    }),
    { numRuns: 3000 },
  )
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(0)
})

test('every prefix of a stream is refused', () => {
  const data = new Uint8Array(Buffer.from('every answer has a proof, every proof has a root, every root has a signature'))
  for (const strategy of [constants.Z_FIXED, constants.Z_DEFAULT_STRATEGY, constants.Z_HUFFMAN_ONLY]) {
    const stream = deflateSync(data, { strategy })
    for (let i = 0; i < stream.length; i++) expect(inflate(stream.subarray(0, i), data.length)).toBeUndefined()
    expect(inflate(stream, data.length)).toEqual(data)
  }
})

test('a match may reach back to the first byte and not one further', () => {
  // Fixed codes (RFC 1951, 3.2.6): last block, 'a', length 3 at `distance`, end of block; bits in the order they are read.
  const stream = (distanceCode: string, output: Uint8Array): Uint8Array => {
    const bits = `1${'10'}${'10010001'}${'0000001'}${distanceCode}${'0000000'}`
    const bytes = (bits.match(/.{1,8}/g) ?? []).map((b) => Number.parseInt([...b.padEnd(8, '0')].toReversed().join(''), 2))
    return Uint8Array.of(0x78, 0x9c, ...bytes, ...adler32(output))
  }
  const near = Uint8Array.of(0x61, 0x61, 0x61, 0x61)
  expect(inflate(stream('00000', near), 4)).toEqual(near)
  // Were the byte before the output taken, the checksum would be right: it is the guard's.
  expect(inflate(stream('00001', Uint8Array.of(0x61, 0xa5, 0x61, 0xa5)), 4)).toBeUndefined()
})
