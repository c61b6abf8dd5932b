import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { Guest, compileGuest } from './testing/guest.ts'
import { chunk, encodePng, header, join, png, render, scanLines } from './testing/png-encoder.ts'
import type { Picture } from './testing/png-encoder.ts'

let guest: Guest
beforeAll(async () => {
  guest = new Guest(await compileGuest())
}, 60_000)

/** The decoded image as RGB. */
function decodedRgb(): Uint8Array {
  const { data, channels } = guest.image()
  return channels === 3 ? data : Uint8Array.from([...data].flatMap((v) => [v, v, v]))
}

const KINDS = [
  [0, 1],
  [0, 2],
  [0, 4],
  [0, 8],
  [0, 16],
  [2, 8],
  [2, 16],
  [3, 1],
  [3, 2],
  [3, 4],
  [3, 8],
  [4, 8],
  [4, 16],
  [6, 8],
  [6, 16],
] as const

const picture: fc.Arbitrary<Picture> = fc
  .record({
    kind: fc.constantFrom(...KINDS),
    width: fc.integer({ min: 1, max: 20 }),
    height: fc.integer({ min: 1, max: 20 }),
    clear: fc.boolean(),
  })
  .chain(({ kind: [colour, depth], width, height, clear }) => {
    const count = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[colour]
    const colours = colour === 3 ? 2 ** depth : 0
    const triple = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255))
    // Few distinct values, so that colour keys are hit.
    const value = fc.oneof(fc.constantFrom(0, 2 ** depth - 1), fc.nat(2 ** depth - 1))
    const samples = fc.array(fc.array(fc.array(value, { minLength: count, maxLength: count }), { minLength: width, maxLength: width }), {
      minLength: height,
      maxLength: height,
    })
    const palette = fc.array(triple, { minLength: colours, maxLength: colours })
    return fc.record({ samples, palette, alphas: fc.array(fc.nat(255), { maxLength: colours }) }).map((made): Picture => {
      const key = colour === 3 ? made.alphas : made.samples[0]?.[0]
      return {
        width,
        height,
        colour,
        depth,
        samples: made.samples,
        ...(colour === 3 ? { palette: made.palette } : {}),
        ...(clear && colour <= 3 && key !== undefined ? { transparency: key } : {}),
      }
    })
  })

const layout = fc.record({
  interlaced: fc.boolean(),
  filters: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 7 }),
  split: fc.array(fc.nat(40), { maxLength: 4 }),
  level: fc.integer({ min: 0, max: 9 }),
})

test('decodes every colour type, depth, filter, interlace and transparency to the pixels that went in', () => {
  const kinds = new Set<string>()
  fc.assert(
    fc.property(picture, layout, (pic, { interlaced, filters, split, level }) => {
      const file = encodePng(pic, { interlaced, filter: (row) => filters[row % filters.length] ?? 0, split, zlib: { level } })
      expect(guest.decode(file)).toBe('')
      const image = guest.image()
      expect([image.width, image.height]).toEqual([pic.width, pic.height])
      expect(decodedRgb()).toEqual(render(pic))
      kinds.add(`${pic.colour}/${pic.depth}/${interlaced}/${pic.transparency !== undefined}`)
    }),
    { numRuns: 1000 },
  )
  // 15 kinds, plain and interlaced; 11 of them can carry tRNS.
  expect(kinds.size).toBe((15 + 11) * 2)
})

const GREY: Picture = {
  width: 9,
  height: 5,
  colour: 0,
  depth: 8,
  samples: Array.from({ length: 5 }, (_, y) => Array.from({ length: 9 }, (__, x) => [(x * 29 + y * 31) & 255])),
}

test('wide rows go through the same filters', () => {
  const samples = Array.from({ length: 6 }, (_, y) =>
    Array.from({ length: 300 }, (__, x) => [(x * x + y * 7) & 255, (x * 3) & 255, (y * x) & 255]),
  )
  const wide: Picture = { width: 300, height: 6, colour: 2, depth: 8, samples }
  for (let filter = 0; filter <= 4; filter++) {
    expect(guest.decode(encodePng(wide, { filter: () => filter }))).toBe('')
    expect(decodedRgb()).toEqual(render(wide))
  }
})

const END = chunk('IEND', new Uint8Array(0))
const DATA = chunk('IDAT', deflateSync(scanLines(GREY)))
const HEAD = header(9, 5, 8, 0)
const PALETTE = chunk('PLTE', new Uint8Array(6))
const withBytes = (bytes: Uint8Array, at: number, ...values: number[]): Uint8Array => {
  const out = Uint8Array.from(bytes)
  out.set(values, at)
  return out
}

const BROKEN: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['empty', new Uint8Array(0), /signature/],
  ['a JPEG', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46), /signature/],
  ['signature alone', png(), /without an IEND/],
  ['no IHDR', png(DATA, END), /first chunk is not IHDR/],
  ['two IHDR', png(HEAD, HEAD, DATA, END), /second IHDR/],
  ['IHDR of 12 bytes', png(chunk('IHDR', new Uint8Array(12)), DATA, END), /13 bytes/],
  ['no IDAT', png(HEAD, END), /no IDAT/],
  ['no IEND', png(HEAD, DATA), /without an IEND/],
  ['IEND with data', png(HEAD, DATA, chunk('IEND', Uint8Array.of(1))), /IEND is not empty/],
  ['cut in a chunk', png(HEAD, DATA).subarray(0, -3), /longer than the file|inside a chunk/],
  ['length of 4 GiB', png(HEAD, withBytes(DATA, 0, 0xff, 0xff, 0xff, 0xff), END), /longer than the file/],
  ['CRC', png(HEAD, withBytes(DATA, DATA.length - 1, DATA.at(-1)! ^ 1), END), /CRC of chunk IDAT/],
  ['chunk type', png(HEAD, chunk('ID@T', new Uint8Array(0)), DATA, END), /four letters/],
  ['unknown critical chunk', png(HEAD, chunk('ABCD', new Uint8Array(0)), DATA, END), /critical chunk ABCD/],
  ['no pixels', png(header(0, 5, 8, 0), DATA, END), /no pixels/],
  ['side', png(header(4097, 1, 8, 0), DATA, END), /over the limit/],
  ['side of 4 Gi', png(header(0xffffffff, 0xffffffff, 8, 0), DATA, END), /over the limit/],
  ['pixels', png(header(4096, 1025, 8, 0), DATA, END), /over the limit/],
  ['colour type', png(header(9, 5, 8, 5), DATA, END), /colour type 5/],
  ['depth', png(header(9, 5, 4, 2), DATA, END), /bit depth 4/],
  ['depth 3', png(header(9, 5, 3, 0), DATA, END), /bit depth 3/],
  ['depth 0', png(header(9, 5, 0, 0), DATA, END), /bit depth 0/],
  ['interlace method', png(header(9, 5, 8, 0, 2), DATA, END), /interlace method 2/],
  ['palette missing', png(header(9, 5, 8, 3), DATA, END), /no PLTE/],
  ['palette too long', png(header(9, 5, 1, 3), chunk('PLTE', new Uint8Array(9)), DATA, END), /more colours/],
  ['palette of 4 bytes', png(header(9, 5, 8, 3), chunk('PLTE', new Uint8Array(4)), DATA, END), /PLTE does not hold/],
  ['palette index', png(header(9, 5, 8, 3), PALETTE, DATA, END), /colour that PLTE does not have/],
  ['grey with palette', png(HEAD, PALETTE, DATA, END), /grey image has a PLTE/],
  ['two palettes', png(header(9, 5, 8, 3), PALETTE, PALETTE, DATA, END), /second PLTE/],
  ['tRNS before PLTE', png(header(9, 5, 8, 3), chunk('tRNS', Uint8Array.of(1)), PALETTE, DATA, END), /before PLTE/],
  ['tRNS too long', png(header(9, 5, 8, 3), PALETTE, chunk('tRNS', new Uint8Array(3)), DATA, END), /longer than PLTE/],
  ['tRNS length', png(HEAD, chunk('tRNS', new Uint8Array(3)), DATA, END), /tRNS does not fit/],
  ['tRNS with alpha', png(header(9, 5, 8, 4), chunk('tRNS', new Uint8Array(2)), DATA, END), /tRNS does not fit/],
  ['tRNS after IDAT', png(HEAD, DATA, chunk('tRNS', new Uint8Array(2)), END), /after IDAT/],
  ['IDAT apart', png(HEAD, DATA, chunk('tEXt', new Uint8Array(0)), DATA, END), /do not follow/],
  ['not zlib', png(HEAD, chunk('IDAT', Uint8Array.of(1, 2, 3, 4)), END), /zlib/],
  ['preset dictionary', png(HEAD, chunk('IDAT', deflateSync(scanLines(GREY), { dictionary: Buffer.from('abc') })), END), /zlib/],
  ['empty IDAT', png(HEAD, chunk('IDAT', new Uint8Array(0)), END), /end too early/],
  ['too little data', png(HEAD, chunk('IDAT', deflateSync(scanLines(GREY).subarray(0, -1))), END), /less data/],
  ['too much data', png(HEAD, chunk('IDAT', deflateSync(join(scanLines(GREY), Uint8Array.of(0)))), END), /more data/],
  [
    'Adler-32',
    png(HEAD, chunk('IDAT', withBytes(deflateSync(scanLines(GREY)), deflateSync(scanLines(GREY)).length - 1, 0x5a)), END),
    /Adler-32/,
  ],
  ['filter', png(HEAD, chunk('IDAT', deflateSync(withBytes(scanLines(GREY), 10, 5))), END), /filter that does not exist/],
  ['8 MiB and one', new Uint8Array(Buffer.concat([png(HEAD), Buffer.alloc(8 * 1024 * 1024)])), /over the limit/],
]

test.each(BROKEN)('refuses: %s', (_, file, reason) => {
  expect(guest.decode(file)).toMatch(reason)
})

test('takes what the specification lets pass', () => {
  const text = chunk('tEXt', new Uint8Array(Buffer.from('k\0v')))
  const data = deflateSync(scanLines(GREY))
  for (const file of [
    png(HEAD, text, DATA, text, END),
    join(png(HEAD, DATA, END), Uint8Array.of(1, 2, 3)),
    png(HEAD, ...[...data].map((byte) => chunk('IDAT', Uint8Array.of(byte))), chunk('IDAT', new Uint8Array(0)), END),
    png(HEAD, chunk('IDAT', join(data, Uint8Array.of(0, 0))), END),
  ]) {
    expect(guest.decode(file)).toBe('')
    expect(decodedRgb()).toEqual(render(GREY))
  }
})

test('every prefix of a file is refused', () => {
  const file = encodePng(GREY, { interlaced: true, split: [3, 0, 7] })
  for (let i = 0; i < file.length; i++) expect(guest.decode(file.subarray(0, i))).not.toBe('')
})

/** Makes the CRC of every whole chunk right again, so that damage reaches what lies behind it. */
function mendChunks(file: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  let at = 8
  while (at + 12 <= file.length) {
    const length = view.getUint32(at)
    if (length > file.length - at - 12) break
    parts.push(chunk(Buffer.from(file.subarray(at + 4, at + 8)).toString('latin1'), file.subarray(at + 8, at + 8 + length)))
    at += length + 12
  }
  return join(file.subarray(0, 8), ...parts, file.subarray(at))
}

test('damaged files never trap: a sentence or an image of the declared size', () => {
  const seen = { taken: 0, refused: 0 }
  const change = fc.record({ at: fc.nat(), value: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 255)), cut: fc.boolean() })
  fc.assert(
    fc.property(
      picture,
      layout,
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      (pic, { interlaced, filters, split, level }, changes, mend) => {
        let file = encodePng(pic, { interlaced, filter: (row) => filters[row % filters.length] ?? 0, split, zlib: { level } })
        for (const { at, value, cut } of changes) {
          file[at % file.length] = value
          if (cut && changes.length === 1) file = file.subarray(0, at % file.length)
        }
        const problem = guest.decode(mend ? mendChunks(file) : file)
        seen[problem === '' ? 'taken' : 'refused']++
        if (problem === '') expect(guest.image().data.length).toBeGreaterThan(0)
      },
    ),
    { numRuns: 2000 },
  )
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(0)
})

test('the largest image fits, and its memory is given back', () => {
  const rows = Buffer.alloc(1024 * (1 + 4096 * 8))
  const data = deflateSync(rows, { level: 1 })
  for (let i = 0; i < 4; i++) {
    guest.call('collect')
    expect(guest.decode(png(header(4096, 1024, 16, 6), chunk('IDAT', data), END))).toBe('')
  }
  expect(guest.memory.length).toBeLessThanOrEqual(128 * 1024 * 1024)
})
