import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { Guest, compileGuest } from './testing/guest.ts'
import { readAsset } from './testing/models.ts'

let guest: Guest
let dictionary: readonly string[]
beforeAll(async () => {
  guest = new Guest(await compileGuest())
  dictionary = (await readAsset('ppocr_keys_v1.txt')).toString('utf8').split('\n')
}, 60_000)

const bytesOf = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

/** Bilinear resize in double precision, half-pixel centres, edges repeated: the definition, not the guest's way. */
function resizeAt(at: (x: number, y: number) => number, w: number, h: number, x: number, y: number, toW: number, toH: number): number {
  const fx = Math.min(Math.max(((x + 0.5) * w) / toW - 0.5, 0), w - 1)
  const fy = Math.min(Math.max(((y + 0.5) * h) / toH - 0.5, 0), h - 1)
  const [x0, y0] = [Math.floor(fx), Math.floor(fy)]
  const [x1, y1] = [Math.min(x0 + 1, w - 1), Math.min(y0 + 1, h - 1)]
  const mix = (a: number, b: number, t: number): number => a + (b - a) * t
  return mix(mix(at(x0, y0), at(x1, y0), fx - x0), mix(at(x0, y1), at(x1, y1), fx - x0), fy - y0)
}

test('planes are the bilinear resize, blue first, turned and padded as asked', () => {
  const side = fc.integer({ min: 1, max: 24 })
  fc.assert(
    fc.property(
      side,
      side,
      fc.constantFrom(1, 3),
      fc.infiniteStream(fc.nat(255)),
      side,
      side,
      fc.nat(5),
      fc.boolean(),
      fc.nat(),
      (w, h, channels, stream, content, height, pad, turned, crop) => {
        const data = Uint8Array.from({ length: w * h * channels }, () => stream.next().value)
        const start = guest.call('blank', w, h, channels)
        guest.memory.set(data, start)
        const [x0, y0] = [crop % w, crop % h]
        const [cw, ch] = [w - x0, h - y0]
        const width = content + pad
        const planes = guest.f32(guest.call('planes', x0, y0, cw, ch, Number(turned), width, content, height), 3 * width * height)
        for (let plane = 0; plane < 3; plane++) {
          const channel = channels === 1 ? 0 : 2 - plane
          const at = (x: number, y: number): number =>
            data[((y0 + (turned ? ch - 1 - y : y)) * w + x0 + (turned ? cw - 1 - x : x)) * channels + channel] ?? Number.NaN
          for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
              const got = planes[(plane * height + y) * width + x] ?? Number.NaN
              if (x >= content) expect(got).toBe(0)
              else expect(Math.abs((got * 0.5 + 0.5) * 255 - resizeAt(at, cw, ch, x, y, content, height))).toBeLessThan(0.63)
            }
          }
        }
      },
    ),
    { numRuns: 200 },
  )
})

test('a resize to the same size changes nothing', () => {
  const start = guest.call('blank', 16, 16, 1)
  guest.memory.set(
    Uint8Array.from({ length: 256 }, (_, i) => i),
    start,
  )
  const planes = guest.f32(guest.call('planes', 0, 0, 16, 16, 0, 16, 16, 16), 256)
  expect([...planes].map((v) => Math.round((v * 0.5 + 0.5) * 255))).toEqual(Array.from({ length: 256 }, (_, i) => i))
})

test('argmax is the first of the largest', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(0, 0.5, 1), fc.float({ noNaN: true })), { minLength: 1, maxLength: 70 }), (values) => {
      const array = Float32Array.from(values)
      const want = array.indexOf(array.reduce((a, b) => Math.max(a, b)))
      // -0 and 0 are equal to both.
      expect(guest.withBytes(bytesOf(array), (at) => guest.call('best', at, array.length))).toBe(want)
    }),
  )
})

const CLASSES = 6625

/** Probabilities whose best classes are `symbols`, each with probability `p`. */
function onePerStep(symbols: readonly number[], p: number): Uint8Array {
  const rows = new Float32Array(symbols.length * CLASSES)
  symbols.forEach((symbol, i) => (rows[i * CLASSES + symbol] = p))
  return bytesOf(rows)
}

const decodeCtc = (symbols: readonly number[], p: number): unknown =>
  JSON.parse(guest.withBytes(onePerStep(symbols, p), (at) => guest.text(guest.call('ctc', at, symbols.length, CLASSES))))

test('every class is the character that the package lists', () => {
  expect(dictionary).toHaveLength(CLASSES - 2)
  for (let from = 1; from < CLASSES; from += 512) {
    const symbols = Array.from({ length: Math.min(512, CLASSES - from) }, (_, i) => from + i)
    expect(decodeCtc(symbols, 1)).toEqual({ text: symbols.map((s) => dictionary[s - 1] ?? ' ').join(''), confidence: 1 })
  }
})

test('repeats count once, blanks part them, confidence is the mean of what is kept', () => {
  const [a, b] = [dictionary.indexOf('a') + 1, dictionary.indexOf('b') + 1]
  expect(decodeCtc([0, a, a, 0, a, b, b, CLASSES - 1, 0, b], 0.75)).toEqual({ text: 'aab b', confidence: 0.75 })
  expect(decodeCtc([0, 0, 0], 0.9)).toEqual({ text: '', confidence: 0 })
  expect(decodeCtc([a], Number.NaN)).toEqual({ text: '', confidence: 0 })
})

test('probabilities are written with four decimals', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), (n) => {
      expect(guest.text(guest.call('decimalText', n))).toBe((Math.floor((n + 50) / 100) / 10_000).toFixed(4))
    }),
  )
})

interface Box {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
  /** Probability inside, if it is not the map's. */
  readonly p?: number
}

/** Boxes found on a map of zeros with these rectangles of probability `p`. */
function findBoxes(width: number, height: number, filled: readonly Box[], p: number, scale = 1): string[] {
  const map = new Float32Array(width * height)
  for (const { x, y, w, h, p: own } of filled) for (let i = 0; i < w * h; i++) map[(y + Math.floor(i / w)) * width + x + (i % w)] = own ?? p
  return guest.withBytes(bytesOf(map), (at) =>
    guest
      .text(guest.call('boxes', at, width, height, width * scale, height * scale))
      .split(';')
      .slice(0, -1),
  )
}

test('boxes are grown, scaled, clipped and put into reading order', () => {
  const lower = { x: 20, y: 60, w: 40, h: 10 }
  const right = { x: 100, y: 22, w: 40, h: 10 }
  const left = { x: 20, y: 20, w: 40, h: 10 }
  // 40 x 10 grows by 40 * 10 * 1.6 / 100 = 6.4 on each side.
  expect(findBoxes(160, 96, [lower, right, left], 0.9)).toEqual(['0,14,14,52,22', '0,94,16,52,22', '1,14,54,52,22'])
  expect(findBoxes(160, 96, [left], 0.9, 2)).toEqual(['0,27,27,106,46'])
  expect(findBoxes(64, 32, [{ x: 0, y: 0, w: 64, h: 32 }], 0.9)).toEqual(['0,0,0,64,32'])
})

test('unsure, small and empty regions give no box', () => {
  const box = { x: 20, y: 20, w: 40, h: 10 }
  expect(findBoxes(160, 96, [box], 0.59)).toEqual([])
  expect(findBoxes(160, 96, [box], 0.3)).toEqual([])
  expect(findBoxes(160, 96, [{ ...box, h: 2 }], 1)).toEqual([])
  expect(findBoxes(160, 96, [], 1)).toEqual([])
  expect(findBoxes(32, 32, [{ x: 0, y: 0, w: 32, h: 32 }], Number.NaN)).toEqual([])
})

test('what is above the threshold joins, corners included', () => {
  const left = { x: 20, y: 20, w: 30, h: 10 }
  const right = { x: 60, y: 20, w: 30, h: 10 }
  const bridge = { x: 50, y: 24, w: 10, h: 1 }
  expect(findBoxes(160, 64, [left, right, { ...bridge, p: 0.31 }], 0.9)).toHaveLength(1)
  expect(findBoxes(160, 64, [left, right, { ...bridge, p: 0.29 }], 0.9)).toHaveLength(2)
  expect(findBoxes(160, 64, [left, { ...right, x: 50, y: 30 }], 1)).toHaveLength(0) // one box, half empty
  expect(findBoxes(160, 64, [left, { ...right, x: 51, y: 30 }], 1)).toHaveLength(2)
})

test('any map gives boxes inside the image', () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ noDefaultInfinity: true }), { minLength: 32 * 32, maxLength: 32 * 32 }),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 200 }),
      (map, wide, high) => {
        const text = guest.withBytes(bytesOf(Float32Array.from(map)), (at) => guest.text(guest.call('boxes', at, 32, 32, wide, high)))
        for (const box of text.split(';').slice(0, -1)) {
          const [, x = 0, y = 0, w = 0, h = 0] = box.split(',').map(Number)
          expect(x >= 0 && y >= 0 && w >= 1 && h >= 1 && x + w <= wide && y + h <= high).toBe(true)
        }
      },
    ),
    { numRuns: 100 },
  )
})

test('one band of writing is a line, two are not', () => {
  const draw = (width: number, height: number, bands: readonly (readonly [number, number])[]): number => {
    const start = guest.call('blank', width, height, 1)
    const memory = guest.memory
    memory.fill(255, start, start + width * height)
    for (const [from, to] of bands) for (let y = from; y < to; y++) for (let x = 8; x < width - 8; x += 4) memory[start + y * width + x] = 0
    return guest.call('isLine')
  }
  expect(draw(320, 48, [[12, 36]])).toBe(1)
  expect(
    draw(320, 60, [
      [6, 26],
      [34, 54],
    ]),
  ).toBe(0)
  expect(draw(800, 120, [[30, 90]])).toBe(1)
  expect(draw(300, 120, [[30, 90]])).toBe(0)
  expect(draw(320, 48, [])).toBe(0)
  expect(draw(1, 1, [])).toBe(0)
})
