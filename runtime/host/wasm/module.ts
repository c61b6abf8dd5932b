/** A core module read from its bytes: what the validator judges and the preparation rewrites. Everything is bounded by `limits.ts`. */
import { atMost, invalid } from './invalid.ts'
import { Reader } from './reader.ts'

import type {
  Body,
  CoreExport,
  CoreImport,
  CoreModule,
  ExternKind,
  FuncType,
  Global,
  Limits,
  Memory,
  Section,
  Segment,
  Table,
} from './model.ts'

const LETTERS: Readonly<Record<number, string>> = { 0x7f: 'i', 0x7e: 'l', 0x7d: 'f', 0x7c: 'd', 0x7b: 'v', 0x70: 'r', 0x6f: 'e' }
const KINDS: readonly ExternKind[] = ['func', 'table', 'memory', 'global']
/** Order of the known sections (core specification 5.5.2, with the data count before the code). */
const ORDER: Readonly<Record<number, number>> = { 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, 9: 9, 12: 10, 10: 11, 11: 12 }
/** Ids of sections (WebAssembly core, 5.5.2). */
export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
} as const

/** The letter of a value type. */
export function valueType(r: Reader): string {
  const at = r.at
  const byte = r.u8()
  const letter = LETTERS[byte]
  if (letter !== undefined) return letter
  if (byte === 0x69 || byte === 0x74 || byte === 0x68 || byte === 0x75)
    throw invalid('exceptions', r.origin + at, 'exception references are not allowed')
  if (byte >= 0x63 && byte <= 0x73) throw invalid('gc', r.origin + at, `the reference type 0x${byte.toString(16)} is not allowed`)
  throw r.fail(`0x${byte.toString(16)} is no value type`, at)
}

function valueTypes(r: Reader, limit: 'moduleTypeParams' | 'moduleTypeResults', what: string): string {
  const at = r.origin + r.at
  const n = r.count()
  atMost(limit, n, at, `${what} of a function type`)
  let out = ''
  for (let i = 0; i < n; i++) out += valueType(r)
  return out
}

function limits(r: Reader, what: 'table' | 'memory'): Limits {
  const at = r.origin + r.at
  const flags = r.u8()
  if ((flags & 2) !== 0) throw invalid('shared-memory', at, `a shared ${what} is not allowed`)
  if ((flags & 4) !== 0) throw invalid('memory64', at, `a ${what} with 64-bit indices is not allowed`)
  if (flags > 1) throw invalid('format', at, `unknown flags of a ${what}: 0x${flags.toString(16)}`)
  const min = r.u32()
  return { min, max: flags === 1 ? r.u32() : undefined }
}

function tableType(r: Reader): Table {
  const offset = r.origin + r.at
  const reference = r.u8()
  if (reference !== 0x70 && reference !== 0x6f) throw invalid('gc', offset, `a table of 0x${reference.toString(16)} is not allowed`)
  return { reference, offset, ...limits(r, 'table') }
}

function memoryType(r: Reader): Memory {
  return { offset: r.origin + r.at, ...limits(r, 'memory') }
}

function globalType(r: Reader): Global {
  const type = valueType(r)
  const mutable = r.u8()
  if (mutable > 1) throw r.fail('bad mutability of a global', r.at - 1)
  return { type, mutable: mutable === 1 }
}

/**
 * A constant expression of one instruction; the value of an `i32.const`, undefined for others. Or, as compilers place what is linked dynamically, a
 * `global.get` plus an `i32.const`. Of a global it may name the first `imported` ones.
 */
function constant(r: Reader, imported = Number.POSITIVE_INFINITY): number | undefined {
  const at = r.origin + r.at
  const op = r.u8()
  let value: number | undefined
  if (op === 0x41) value = Number(r.signed(32)) >>> 0
  else if (op === 0x42) r.signed(64)
  else if (op === 0x43) r.skip(4)
  else if (op === 0x44) r.skip(8)
  else if (op === 0x23) {
    // Other globals than imported ones are of the GC proposal
    if (r.u32() >= imported) throw invalid('const-expression', at, 'a constant expression may name an imported global only')
    addend(r, at)
  } else if (op === 0xd2) r.u32()
  else if (op === 0xd0) valueType(r)
  else if (op === 0xfd && r.u32() === 12) r.skip(16)
  else throw invalid('const-expression', at, `0x${op.toString(16)} is not allowed in a constant expression`)
  if (r.u8() !== 0x0b) throw invalid('const-expression', at, 'a constant expression may hold one instruction only')
  return value
}

/** What a constant expression adds to a global: 0 where nothing is added. */
function addend(r: Reader, at: number): number {
  if (r.bytes[r.at] !== 0x41) return 0
  r.skip(1)
  const value = Number(r.signed(32)) >>> 0
  if (r.u8() !== 0x6a) throw invalid('const-expression', at, 'a constant expression may add a constant to a global only')
  return value
}

/** Where an active segment goes. */
function place(r: Reader, what: 'an element' | 'a data'): Pick<Segment, 'at' | 'base'> {
  const offset = r.origin + r.at
  if (r.bytes[r.at] === 0x23) {
    r.skip(1)
    const base = r.u32()
    const at = addend(r, offset)
    if (r.u8() !== 0x0b) throw invalid('const-expression', offset, 'a constant expression may hold one instruction only')
    return { at, base }
  }
  const at = constant(r)
  if (at === undefined)
    throw invalid('const-expression', offset, `the place of ${what} segment must be an i32 constant or an imported global`)
  return { at }
}

function elementSegment(r: Reader): Segment {
  const offset = r.origin + r.at
  const flags = r.u32()
  if (flags > 7) throw r.fail('unknown kind of element segment')
  const active = (flags & 1) === 0
  if (active && (flags & 2) !== 0 && r.u32() !== 0) throw invalid('multi-memory', offset, 'an element segment names a table other than 0')
  const where = active ? place(r, 'an element') : { at: undefined }
  const expressions = (flags & 4) !== 0
  if ((flags & 3) !== 0) {
    if (expressions) valueType(r)
    else if (r.u8() !== 0) throw r.fail('unknown kind of elements')
  }
  const length = r.count()
  for (let i = 0; i < length; i++) {
    if (expressions) constant(r)
    else r.u32()
  }
  // A declarative segment (flags 3 and 7) puts nothing anywhere
  return { ...where, length: (flags & 3) === 3 ? 0 : length, offset }
}

function dataSegment(r: Reader): Segment {
  const offset = r.origin + r.at
  const flags = r.u32()
  if (flags > 2) throw r.fail('unknown kind of data segment')
  if (flags === 2 && r.u32() !== 0) throw invalid('multi-memory', offset, 'a data segment names a memory other than 0')
  const where = flags === 1 ? { at: undefined } : place(r, 'a data')
  const length = r.u32()
  r.skip(length)
  return { ...where, length, offset }
}

function body(r: Reader, index: number, type: FuncType): Body {
  const offset = r.origin + r.at
  const size = r.u32()
  atMost('moduleFunctionBytes', size, offset, `size of function ${index}`, index)
  const inner = r.sub(size)
  const runs = inner.count()
  const locals: [number, string][] = []
  let localCount = 0
  for (let i = 0; i < runs; i++) {
    const n = inner.u32()
    localCount += n
    atMost('moduleLocals', localCount, offset, `locals of function ${index}`, index)
    locals.push([n, valueType(inner)])
  }
  return { index, type, locals, localCount, start: inner.at, end: inner.end }
}

/** Reads a core module. Throws `guest_invalid` naming rule and offset; `origin` is where the bytes begin in the user's file. */
export function readModule(bytes: Uint8Array, origin = 0): CoreModule {
  const r = new Reader(bytes, origin)
  if (bytes.length < 8 || r.u32le() !== 0x6d736100) throw invalid('format', origin, 'the bytes are not WebAssembly')
  if (r.u32le() !== 1) throw invalid('format', origin + 4, 'the bytes are not a WebAssembly module of version 1')
  const sections: Section[] = []
  const types: FuncType[] = []
  const imports: CoreImport[] = []
  const functions: FuncType[] = []
  const tables: Table[] = []
  const memories: Memory[] = []
  const globals: Global[] = []
  const exports: CoreExport[] = []
  const elements: Segment[] = []
  const data: Segment[] = []
  const bodies: Body[] = []
  let codeBytes = 0
  let importedFunctions = 0
  let importedGlobals = 0
  let start: number | undefined
  let last = 0

  const typeAt = (inner: Reader): FuncType => {
    const at = inner.at
    const type = types[inner.u32()]
    if (type === undefined) throw inner.fail('unknown type index', at)
    return type
  }
  const readers: Readonly<Record<number, (s: Reader, n: number) => void>> = {
    [SECTION.type]: (s, n) => {
      atMost('moduleTypes', n, origin + s.at, 'types')
      for (let i = 0; i < n; i++) {
        const form = s.u8()
        if (form !== 0x60)
          throw invalid(
            (form >= 0x4c && form <= 0x5f) || form === 0x65 ? 'gc' : 'format',
            origin + s.at - 1,
            `the type form 0x${form.toString(16)} is not allowed`,
          )
        types.push({ params: valueTypes(s, 'moduleTypeParams', 'parameters'), results: valueTypes(s, 'moduleTypeResults', 'results') })
      }
    },
    [SECTION.import]: (s, n) => {
      atMost('moduleImports', n, origin + s.at, 'imports')
      for (let i = 0; i < n; i++) {
        const offset = origin + s.at
        const module = s.name()
        const name = s.name()
        const code = s.u8()
        if (code === 4) throw invalid('exceptions', offset, 'an imported tag is not allowed')
        const kind = KINDS[code]
        if (kind === undefined) throw s.fail('unknown kind of import', s.at - 1)
        let type = -1
        if (kind === 'func') {
          const at = s.at
          type = s.u32()
          const found = types[type]
          if (found === undefined) throw s.fail('unknown type index', at)
          functions.push(found)
          importedFunctions++
        } else if (kind === 'table') tables.push(tableType(s))
        else if (kind === 'memory') memories.push(memoryType(s))
        else {
          globals.push(globalType(s))
          importedGlobals++
        }
        imports.push({ module, name, kind, type, offset })
      }
    },
    [SECTION.function]: (s, n) => {
      atMost('moduleFunctions', n, origin + s.at, 'functions')
      for (let i = 0; i < n; i++) functions.push(typeAt(s))
    },
    [SECTION.table]: (s, n) => {
      for (let i = 0; i < n; i++) tables.push(tableType(s))
    },
    [SECTION.memory]: (s, n) => {
      for (let i = 0; i < n; i++) memories.push(memoryType(s))
    },
    [SECTION.global]: (s, n) => {
      atMost('moduleGlobals', n, origin + s.at, 'globals')
      for (let i = 0; i < n; i++) {
        globals.push(globalType(s))
        constant(s, importedGlobals)
      }
    },
    [SECTION.export]: (s, n) => {
      atMost('moduleExports', n, origin + s.at, 'exports')
      for (let i = 0; i < n; i++) {
        const offset = origin + s.at
        const name = s.name()
        const code = s.u8()
        if (code === 4) throw invalid('exceptions', offset, 'an exported tag is not allowed')
        const kind = KINDS[code]
        if (kind === undefined) throw s.fail('unknown kind of export', s.at - 1)
        exports.push({ name, kind, index: s.u32(), offset })
      }
    },
    [SECTION.element]: (s, n) => {
      atMost('moduleElementSegments', n, origin + s.at, 'element segments')
      for (let i = 0; i < n; i++) elements.push(elementSegment(s))
    },
    [SECTION.code]: (s, n) => {
      if (n !== functions.length - importedFunctions) throw s.fail('functions and bodies differ in number')
      for (let i = 0; i < n; i++) {
        const one = body(s, importedFunctions + i, functions[importedFunctions + i] as FuncType)
        bodies.push(one)
        codeBytes += one.end - one.start
      }
      atMost('componentCodeBytes', codeBytes, origin + s.at, 'bytes of code')
    },
    [SECTION.data]: (s, n) => {
      atMost('moduleDataSegments', n, origin + s.at, 'data segments')
      for (let i = 0; i < n; i++) data.push(dataSegment(s))
    },
  }

  while (!r.done) {
    const at = r.at
    const id = r.u8()
    const s = r.sub(r.u32())
    sections.push({ id, start: s.at, end: s.end, name: id === 0 ? new Reader(bytes, origin, s.at, s.end).name() : '' })
    if (id === SECTION.custom) continue
    if (id === 13) throw invalid('exceptions', origin + at, 'tags are not allowed')
    const order = ORDER[id]
    if (order === undefined) throw r.fail(`unknown section ${id}`, at)
    if (order <= last) throw r.fail(`section ${id} is out of order`, at)
    last = order
    if (id === SECTION.start) start = s.u32()
    else if (id === SECTION.dataCount) s.u32()
    else readers[id]?.(s, s.count())
    if (!s.done) throw s.fail(`section ${id} is longer than its content`)
  }
  if (bodies.length !== functions.length - importedFunctions) throw r.fail('functions have no bodies')
  const module = {
    bytes,
    origin,
    sections,
    types,
    imports,
    functions,
    importedFunctions,
    tables,
    memories,
    globals,
    importedGlobals,
    exports,
    start,
    elements,
    data,
    bodies,
    codeBytes,
  }
  checkStores(module)
  return module
}

/**
 * Memories, tables and the segments that fill them at instantiation: what is refused here can never fail there. Where a segment's place or its memory
 * or table comes from outside, who links the module checks it.
 */
function checkStores({ imports, memories, tables, elements, data, globals, importedGlobals }: CoreModule): void {
  for (const { base, offset } of [...data, ...elements]) {
    if (base === undefined) continue
    const global = globals[base]
    if (base >= importedGlobals || global?.type !== 'i' || global.mutable)
      throw invalid('const-expression', offset, 'the place of a segment must be an i32 constant or an imported constant global')
  }
  if (memories.length > 1) throw invalid('multi-memory', memories[1]?.offset ?? 0, 'more than one memory is not allowed')
  if (tables.length > 1) throw invalid('multi-memory', tables[1]?.offset ?? 0, 'more than one table is not allowed')
  const [memory] = memories
  if (memory !== undefined)
    atMost('memoryPages', memory.min, memory.offset, 'pages that the memory begins with', undefined, 'memory-minimum')
  const [table] = tables
  if (table !== undefined) atMost('moduleTableEntries', table.min, table.offset, 'table entries')
  const imported = (kind: ExternKind): boolean => imports.some((i) => i.kind === kind)
  for (const s of imported('memory') ? [] : data) {
    if (s.at !== undefined && s.base === undefined && s.at + s.length > (memory?.min ?? 0) * 65_536)
      throw invalid('segment-bounds', s.offset, 'a data segment lies outside the memory')
  }
  for (const s of imported('table') ? [] : elements) {
    if (s.at !== undefined && s.base === undefined && s.at + s.length > (table?.min ?? 0))
      throw invalid('segment-bounds', s.offset, 'an element segment lies outside the table')
  }
}
