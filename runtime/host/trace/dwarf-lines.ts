/**
 * The line tables that compilers of C, C++, Rust, Zig and TinyGo leave in a core module (DWARF 2 to 5, section `.debug_line`). They are bytes from anyone, read
 * for people: a table that is broken is left out, and so are all where they have too many rows or files. Nothing throws.
 */
import { LIMITS } from '../../core/index.ts'
import { DwarfReader, readText, type TextAt } from './dwarf-reader.ts'

/** One row: an instruction by its byte in the code section, and its place. */
export type TakeRow = (address: number, file: number, line: number, column: number) => void

export interface DebugSections {
  readonly line: Uint8Array
  /** `.debug_line_str` and `.debug_str`, empty where there is none. */
  readonly lineText: Uint8Array
  readonly text: Uint8Array
}

interface SourceFile {
  readonly name: TextAt
  readonly folder: TextAt | undefined
}

/** Files of all tables of a module by number. */
export class SourceFiles {
  readonly #files: SourceFile[] = []

  get count(): number {
    return this.#files.length
  }

  add(file: SourceFile): void {
    this.#files.push(file)
  }

  /** The path of a file as its compiler wrote it. */
  pathOf(number: number, most: number): string | undefined {
    const file = this.#files[number]
    if (file === undefined) return undefined
    const name = readText(file.name, most)
    const folder = file.folder === undefined || name.startsWith('/') ? '' : readText(file.folder, most)
    return folder === '' ? name : `${folder}/${name}`
  }
}

class TooMany extends Error {}

// DW_LNS_* and DW_LNE_*
const EXTENDED = 0
const COPY = 1
const ADVANCE_PC = 2
const ADVANCE_LINE = 3
const SET_FILE = 4
const SET_COLUMN = 5
const CONST_ADD_PC = 8
const FIXED_ADVANCE_PC = 9
const END_SEQUENCE = 1
const SET_ADDRESS = 2
const DEFINE_FILE = 3

// DW_LNCT_path, DW_LNCT_directory_index
const PATH = 1
const FOLDER = 2
/** Bytes of forms that have a fixed length (DW_FORM_data1, 2, 4, 8, 16). */
const FIXED = new Map([
  [0x0b, 1],
  [0x05, 2],
  [0x06, 4],
  [0x07, 8],
  [0x1e, 16],
])
const STRING = 0x08
const STRP = 0x0e
const LINE_STRP = 0x1f
const UDATA = 0x0f
const BLOCK = 0x09

interface Header {
  /** Number of the first file among all, and of how many the table speaks: files of a table count from `base`. */
  readonly first: number
  readonly base: number
  readonly minInstruction: number
  readonly lineBase: number
  readonly lineRange: number
  readonly lengths: Uint8Array
}

/** Reads all tables of a module; false where they are too many. `codeBytes` is the length of the code section. */
export function readLineTables(sections: DebugSections, codeBytes: number, files: SourceFiles, take: TakeRow): boolean {
  let rows = 0
  const counted: TakeRow = (address, file, line, column) => {
    if (++rows > LIMITS.sourceMapSegments) throw new TooMany()
    // What the linker left out has an address that no code has
    if (address > 0 && address < codeBytes && line > 0 && line <= 0x7fff_ffff) take(address, file, line, Math.min(column, 0x7fff_ffff))
  }
  const all = new DwarfReader(sections.line)
  try {
    while (!all.done) {
      const length = all.u32()
      // 0xfffffff0 and above: the 64-bit format, which modules of 32 bits have no use for
      const from = all.skip(length)
      try {
        readTable(new DwarfReader(sections.line, from, from + length), sections, files, counted)
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
      }
    }
  } catch (error) {
    if (error instanceof TooMany) return false
    if (!(error instanceof RangeError)) throw error
  }
  return true
}

function readTable(r: DwarfReader, sections: DebugSections, files: SourceFiles, take: TakeRow): void {
  const version = r.u16()
  if (version < 2 || version > 5) return
  if (version === 5) r.skip(2)
  const length = r.u32()
  const program = r.at + length
  const minInstruction = r.u8()
  if (version >= 4 && r.u8() !== 1) return
  r.skip(1)
  const lineBase = r.i8()
  const lineRange = r.u8()
  const opcodes = r.u8()
  if (lineRange === 0 || opcodes === 0) return
  const at = r.skip(opcodes - 1)
  const lengths = r.bytes.subarray(at, at + opcodes - 1)
  const first = files.count
  if (version === 5) readFiles5(r, sections, files)
  else readFiles(r, files)
  const header = { first, base: version === 5 ? 0 : 1, minInstruction, lineBase, lineRange, lengths }
  runProgram(new DwarfReader(r.bytes, program, r.end), header, files, take)
}

function addFile(files: SourceFiles, file: SourceFile): void {
  if (files.count >= LIMITS.debugFiles) throw new TooMany()
  files.add(file)
}

/** Folders and files before version 5: texts up to an empty one; folder 0 is the compiler's own, which is not named. */
function readFiles(r: DwarfReader, files: SourceFiles): void {
  const folders: (TextAt | undefined)[] = [undefined]
  while (r.bytes[r.at] !== 0) {
    if (folders.length > LIMITS.debugFiles) throw new TooMany()
    folders.push(r.text())
  }
  r.skip(1)
  while (r.bytes[r.at] !== 0) addFile(files, readFile(r, folders))
}

function readFile(r: DwarfReader, folders: readonly (TextAt | undefined)[]): SourceFile {
  const name = r.text()
  const folder = folders[r.uleb()]
  r.uleb()
  r.uleb()
  return { name, folder }
}

interface Entry {
  readonly name: TextAt | undefined
  readonly folder: number
}

/** A list of version 5 says itself what its entries hold. */
function* entries(r: DwarfReader, sections: DebugSections): Generator<Entry> {
  const formats = Array.from({ length: r.u8() }, () => [r.uleb(), r.uleb()] as const)
  const count = r.uleb()
  // An entry without anything takes no bytes: then a count may be any number
  if (formats.length === 0 && count > 0) throw new RangeError('a list of nothing')
  for (let i = 0; i < count; i++) {
    let name: TextAt | undefined
    let folder = 0
    for (const [content, form] of formats) {
      const from = r.at
      const value = readForm(r, form, sections)
      if (content === PATH && typeof value === 'object') name = value
      if (content === FOLDER && typeof value === 'number') folder = value
      if (r.at === from) throw new RangeError('a form of nothing')
    }
    yield { name, folder }
  }
}

function readForm(r: DwarfReader, form: number, sections: DebugSections): TextAt | number | undefined {
  switch (form) {
    case STRING:
      return r.text()
    case STRP:
      return { bytes: sections.text, at: r.u32() }
    case LINE_STRP:
      return { bytes: sections.lineText, at: r.u32() }
    case UDATA:
      return r.uleb()
    case BLOCK:
      r.skip(r.uleb())
      return undefined
    default: {
      const length = FIXED.get(form)
      if (length === undefined) throw new RangeError('a form that no list has')
      if (length === 1) return r.u8()
      if (length === 2) return r.u16()
      if (length === 4) return r.u32()
      r.skip(length)
      return undefined
    }
  }
}

const NO_NAME: TextAt = { bytes: new TextEncoder().encode('?'), at: 0 }

function readFiles5(r: DwarfReader, sections: DebugSections, files: SourceFiles): void {
  const folders: (TextAt | undefined)[] = []
  for (const { name } of entries(r, sections)) {
    if (folders.length > LIMITS.debugFiles) throw new TooMany()
    folders.push(name)
  }
  // Folder 0 is the compiler's own: names below it are the author's, without it
  for (const { name = NO_NAME, folder } of entries(r, sections))
    addFile(files, { name, folder: folder === 0 ? undefined : folders[folder] })
}

/** Runs a table's program (DWARF 5, 6.2.5): each of its steps takes a byte at least. */
function runProgram(
  r: DwarfReader,
  { first, base, minInstruction, lineBase, lineRange, lengths }: Header,
  files: SourceFiles,
  take: TakeRow,
): void {
  const special = lengths.length + 1
  const known = files.count - first
  let address = 0
  let file = 1
  let line = 1
  let column = 0
  const row = (): void => {
    const at = file - base
    if (at >= 0 && at < known) take(address, first + at, line, column)
  }
  const begin = (): void => {
    address = 0
    file = 1
    line = 1
    column = 0
  }
  const extended = (): void => {
    const length = r.uleb()
    const from = r.skip(length)
    if (length === 0) return
    const within = new DwarfReader(r.bytes, from, from + length)
    const code = within.u8()
    if (code === END_SEQUENCE) begin()
    else if (code === SET_ADDRESS) address = length === 9 ? within.u32() + within.u32() * 2 ** 32 : within.u32()
    else if (code === DEFINE_FILE) throw new RangeError('files that are defined on the way are of version 3')
  }
  while (!r.done) {
    const code = r.u8()
    if (code >= special) {
      address += Math.floor((code - special) / lineRange) * minInstruction
      line += lineBase + ((code - special) % lineRange)
      row()
    } else if (code === EXTENDED) extended()
    else if (code === COPY) row()
    else if (code === ADVANCE_PC) address += r.uleb() * minInstruction
    else if (code === ADVANCE_LINE) line += r.sleb()
    else if (code === SET_FILE) file = r.uleb()
    else if (code === SET_COLUMN) column = r.uleb()
    else if (code === CONST_ADD_PC) address += Math.floor((255 - special) / lineRange) * minInstruction
    else if (code === FIXED_ADVANCE_PC) address += r.u16()
    else for (let n = lengths[code - 1] as number; n > 0; n--) r.uleb()
  }
}
