import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS } from '../../core/index.ts'
import { readLineTables, SourceFiles } from './dwarf-lines.ts'

/** Writes line tables by the specification (DWARF 5, 6.2; DWARF 4, 6.2), independent of the reader. */
class Dwarf {
  readonly bytes: number[] = []

  u8(...values: readonly number[]): this {
    this.bytes.push(...values.map((v) => v & 0xff))
    return this
  }
  u16(value: number): this {
    return this.u8(value, value >> 8)
  }
  u32(value: number): this {
    return this.u8(value, value >>> 8, value >>> 16, value >>> 24)
  }
  uleb(value: number): this {
    let left = BigInt(value)
    do {
      const more = left >> 7n
      this.u8(Number(left & 127n) | (more > 0n ? 128 : 0))
      left = more
    } while (left > 0n)
    return this
  }
  sleb(value: number): this {
    for (let left = BigInt(value); ;) {
      const low = Number(left & 127n)
      left >>= 7n
      const last = (left === 0n && low < 64) || (left === -1n && low >= 64)
      this.u8(low | (last ? 0 : 128))
      if (last) return this
    }
  }
  text(value: string): this {
    return this.u8(...new TextEncoder().encode(value), 0)
  }
  all({ bytes }: Dwarf): this {
    for (const byte of bytes) this.bytes.push(byte)
    return this
  }
}

interface Row {
  readonly address: number
  readonly file: number
  readonly line: number
  readonly column: number
}

const LINE_BASE = -3
const LINE_RANGE = 12
const OPCODES = 13
const LENGTHS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]

/** One sequence: rows in order of their addresses; a row that a special opcode can say is said by one. */
function program(rows: readonly Row[]): Dwarf {
  const d = new Dwarf()
  let [address, line, file, column] = [0, 1, 1, 0]
  rows.forEach((row, i) => {
    if (i === 0) {
      d.u8(0, 5, 2).u32(row.address)
      address = row.address
    }
    if (row.file !== file) d.u8(4).uleb(row.file)
    if (row.column !== column) d.u8(5).uleb(row.column)
    const special = row.line - line - LINE_BASE + LINE_RANGE * (row.address - address) + OPCODES
    const short = row.line - line >= LINE_BASE && row.line - line < LINE_BASE + LINE_RANGE && special < 256
    if (short) d.u8(special)
    else {
      if (row.address - address > 60_000) d.u8(2).uleb(row.address - address)
      else if (row.address !== address) d.u8(9).u16(row.address - address)
      d.u8(3)
        .sleb(row.line - line)
        .u8(12)
        .uleb(1)
        .u8(7, 1)
    }
    ;({ address, line, file, column } = row)
  })
  return d.u8(0, 1, 1)
}

/** A table with its header; `files` are of folder `src`. */
function table(version: number, files: readonly string[], body: Dwarf): Dwarf {
  const rest = new Dwarf().u8(1)
  if (version >= 4) rest.u8(1)
  rest.u8(1, LINE_BASE, LINE_RANGE, OPCODES, ...LENGTHS)
  if (version === 5) {
    rest.u8(1).uleb(1).uleb(0x08).uleb(2).text('/work').text('src')
    rest.u8(3).uleb(1).uleb(0x1f).uleb(2).uleb(0x0b).uleb(5).uleb(0x1e)
    rest.uleb(files.length)
    files.forEach((_, i) => rest.u32(i * 8).u8(1, ...Array.from({ length: 16 }, () => 7)))
  } else {
    rest.text('src').u8(0)
    for (const name of files) rest.text(name).uleb(1).uleb(0).uleb(0)
    rest.u8(0)
  }
  const head = new Dwarf().u16(version)
  if (version === 5) head.u8(4, 0)
  head.u32(rest.bytes.length).all(rest).all(body)
  return new Dwarf().u32(head.bytes.length).all(head)
}

const FILES = ['a.c', 'b.c', 'c.c'].map((name) => name.padEnd(7, '_'))
const TEXTS = new Dwarf()
for (const name of FILES) TEXTS.text(name)
const CODE = 2 ** 31

function read(line: Dwarf, code = CODE): { readonly few: boolean; readonly rows: readonly Row[]; readonly files: SourceFiles } {
  const rows: Row[] = []
  const files = new SourceFiles()
  const sections = { line: Uint8Array.from(line.bytes), lineText: Uint8Array.from(TEXTS.bytes), text: new Uint8Array(0) }
  const few = readLineTables(sections, code, files, (address, file, number, column) => rows.push({ address, file, line: number, column }))
  return { few, rows, files }
}

const row = fc.record({
  address: fc.integer({ min: 1, max: 200_000 }),
  file: fc.nat(2),
  line: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  column: fc.nat(300),
})
const near = fc.record({
  address: fc.integer({ min: 1, max: 60 }),
  file: fc.nat(2),
  line: fc.integer({ min: 1, max: 20 }),
  column: fc.nat(2),
})
const sequence = fc
  .array(fc.oneof(row, near), { minLength: 1, maxLength: 30 })
  .map((rows) => rows.toSorted((a, b) => a.address - b.address))

test('tables of all versions are read as they were written, several in one section', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 2, max: 5 }), sequence), { maxLength: 4 }), (tables) => {
      const section = new Dwarf()
      const wanted: Row[] = []
      tables.forEach(([version, rows], i) => {
        // Files are counted from 1 before version 5, and from 0 since
        const base = version === 5 ? 0 : 1
        section.all(table(version, FILES, program(rows.map((r) => ({ ...r, file: r.file + base })))))
        wanted.push(...rows.map((r) => ({ ...r, file: r.file + 3 * i })))
      })
      const { few, rows, files } = read(section)
      expect([few, rows, files.count]).toEqual([true, wanted, 3 * tables.length])
      wanted.forEach(({ file }) => expect(files.pathOf(file, 1_024)).toBe(`src/${FILES[file % 3]}`))
    }),
    { numRuns: 60 },
  )
})

test('whatever the bytes are, nothing throws and no row names what is not there', () => {
  const good = table(4, FILES, program([{ address: 9, file: 1, line: 3, column: 4 }])).all(
    table(5, FILES, program([{ address: 20, file: 2, line: 5, column: 0 }])),
  )
  const check = (bytes: readonly number[]): void => {
    const broken = new Dwarf()
    broken.u8(...bytes)
    const { rows, files } = read(broken, 1_000)
    for (const { address, file, line } of rows) {
      expect(address > 0 && address < 1_000 && line > 0 && file < files.count).toBe(true)
      files.pathOf(file, 1_024)
    }
  }
  fc.assert(fc.property(fc.array(fc.nat(255), { maxLength: 200 }), check), { numRuns: 100 })
  const change = fc.tuple(fc.nat(good.bytes.length - 1), fc.nat(255))
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = [...good.bytes]
      for (const [at, value] of changes) bytes[at] = value
      check(bytes)
    }),
    { numRuns: 300 },
  )
  for (let length = 0; length < good.bytes.length; length++) check(good.bytes.slice(0, length))
})

test('what the linker left out, and lines that compilers made, are no rows', () => {
  const rows = [1, 2, 3].map((n) => ({ address: n, file: 1, line: n, column: 0 }))
  const left = table(4, FILES, new Dwarf().all(program(rows)).all(program(rows.map((r) => ({ ...r, address: r.address - 1 })))))
  left.all(table(4, FILES, program([{ address: 0xffff_ffff, file: 1, line: 7, column: 0 }])))
  left.all(table(4, FILES, program([{ address: 5, file: 1, line: 0, column: 0 }])))
  left.all(table(4, FILES, program([{ address: 6, file: 4, line: 1, column: 0 }])))
  expect(read(left, 100).rows).toEqual(
    [...rows, ...rows.slice(0, 2).map((r) => ({ ...r, line: r.line + 1 }))].map((r) => ({ ...r, file: 0 })),
  )
})

test('a table costs no more than its limits: rows and files are counted, a list without content is refused', () => {
  const begun = table(4, FILES, new Dwarf().u8(0, 5, 2).u32(9)).bytes
  const rowsOf = (n: number): readonly [boolean, number] => {
    // Every byte of the program is a row; the length in front counts them
    const line = new Uint8Array(begun.length + n).fill(1)
    line.set(begun)
    new DataView(line.buffer).setUint32(0, line.length - 4, true)
    let rows = 0
    const none = new Uint8Array(0)
    return [readLineTables({ line, lineText: none, text: none }, CODE, new SourceFiles(), () => rows++), rows]
  }
  expect(rowsOf(LIMITS.sourceMapSegments)).toEqual([true, LIMITS.sourceMapSegments])
  expect(rowsOf(LIMITS.sourceMapSegments + 1)[0]).toBe(false)
  const names = (n: number): Dwarf =>
    table(
      4,
      Array.from({ length: n }, () => 'f'),
      new Dwarf(),
    )
  expect(read(names(LIMITS.debugFiles))).toMatchObject({ few: true, files: { count: LIMITS.debugFiles } })
  expect(read(names(LIMITS.debugFiles + 1)).few).toBe(false)
  // 2^49 entries of no bytes each
  const rest = new Dwarf().u8(1, 1, 1, LINE_BASE, LINE_RANGE, OPCODES, ...LENGTHS, 0).uleb(2 ** 49)
  const head = new Dwarf().u16(5).u8(4, 0).u32(rest.bytes.length).all(rest)
  expect(read(new Dwarf().u32(head.bytes.length).all(head))).toMatchObject({ few: true, rows: [] })
})
