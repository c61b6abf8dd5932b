/**
 * One counter for all core modules of a component: the module with the gas and the stack that are left as imports, `utnet` `gas` and `utnet` `stack`.
 * Imported globals stand before a module's own, so that the indices of those move by two.
 */
import { Instructions, OP, Reader, readModule, SECTION, Writer, type CoreModule } from '../wasm/index.ts'

export const COUNTER_MODULE = 'utnet'
const ADDED = 2

const I32 = 0x7f
const I64 = 0x7e

/** Index of a global once the counters stand behind the imports. */
const moved = (module: CoreModule, index: number): number => (index < module.importedGlobals ? index : index + ADDED)

/** A constant expression, read and written with its global moved. */
function constant(r: Reader, w: Writer, module: CoreModule): void {
  const start = r.at
  const op = r.u8()
  if (op === OP.globalGet) {
    w.u8(OP.globalGet).u32(moved(module, r.u32()))
    const rest = r.at
    if (r.u8() !== OP.end) {
      r.signed(32)
      r.skip(2)
    }
    w.raw(r.bytes.subarray(rest, r.at))
    return
  }
  if (op === 0x41 || op === 0xd2) r.signed(32)
  else if (op === 0x42) r.signed(64)
  else if (op === 0x43) r.skip(4)
  else if (op === 0x44) r.skip(8)
  else if (op === 0xd0) r.skip(1)
  else {
    r.u32()
    r.skip(16)
  }
  r.skip(1)
  w.raw(r.bytes.subarray(start, r.at))
}

const open = (module: CoreModule, id: number): Reader | undefined => {
  const s = module.sections.find((section) => section.id === id)
  return s === undefined ? undefined : new Reader(module.bytes, module.origin, s.start, s.end)
}

function importSection(module: CoreModule): Writer {
  const r = open(module, SECTION.import)
  const count = r?.u32() ?? 0
  const w = new Writer().u32(count + ADDED)
  if (r !== undefined) w.raw(r.take(r.end - r.at))
  w.name(COUNTER_MODULE).name('gas').u8(3, I64, 1)
  return w.name(COUNTER_MODULE).name('stack').u8(3, I32, 1)
}

function globalSection(module: CoreModule, r: Reader): Writer {
  const count = r.u32()
  const w = new Writer().u32(count)
  for (let i = 0; i < count; i++) {
    w.raw(r.take(2))
    constant(r, w, module)
  }
  return w
}

function exportSection(module: CoreModule): Writer {
  const kinds = { func: 0, table: 1, memory: 2, global: 3 } as const
  const w = new Writer().u32(module.exports.length)
  for (const e of module.exports)
    w.name(e.name)
      .u8(kinds[e.kind])
      .u32(e.kind === 'global' ? moved(module, e.index) : e.index)
  return w
}

function elementSection(module: CoreModule, r: Reader): Writer {
  const count = r.u32()
  const w = new Writer().u32(count)
  for (let i = 0; i < count; i++) {
    const flags = r.u32()
    w.u32(flags)
    if ((flags & 1) === 0) {
      if ((flags & 2) !== 0) w.u32(r.u32())
      constant(r, w, module)
    }
    if ((flags & 3) !== 0) w.raw(r.take(1))
    const length = r.u32()
    w.u32(length)
    for (let k = 0; k < length; k++) {
      if ((flags & 4) !== 0) constant(r, w, module)
      else w.u32(r.u32())
    }
  }
  return w
}

function dataSection(module: CoreModule, r: Reader): Writer {
  const count = r.u32()
  const w = new Writer().u32(count)
  for (let i = 0; i < count; i++) {
    const flags = r.u32()
    w.u32(flags)
    if (flags === 2) w.u32(r.u32())
    if (flags !== 1) constant(r, w, module)
    const length = r.u32()
    w.u32(length).raw(r.take(length))
  }
  return w
}

function codeSection(module: CoreModule): Writer {
  const out = new Writer().u32(module.bodies.length)
  const r = open(module, SECTION.code) as Reader
  r.u32()
  for (const body of module.bodies) {
    const size = r.u32()
    const head = r.at
    r.skip(size)
    const w = new Writer()
    let copied = head
    const walk = new Instructions(module, body)
    while (walk.step()) {
      if (walk.code !== OP.globalGet && walk.code !== OP.globalSet) continue
      w.raw(module.bytes.subarray(copied, walk.at)).u8(walk.code).u32(moved(module, walk.index))
      copied = walk.next
    }
    w.raw(module.bytes.subarray(copied, body.end))
    out.u32(w.length).raw(w.view())
  }
  return out
}

/** The module with the counters among its imports, at the last two places of its imported globals. */
export function withImportedCounter(module: CoreModule): CoreModule {
  const out = new Writer().u8(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  let imported = false
  const imports = (): void => {
    if (imported) return
    imported = true
    out.section(SECTION.import, importSection(module))
  }
  for (const s of module.sections) {
    if (s.id !== SECTION.custom && s.id > SECTION.import) imports()
    const r = new Reader(module.bytes, module.origin, s.start, s.end)
    if (s.id === SECTION.import) imports()
    else if (s.id === SECTION.global) out.section(s.id, globalSection(module, r))
    else if (s.id === SECTION.export) out.section(s.id, exportSection(module))
    else if (s.id === SECTION.element) out.section(s.id, elementSection(module, r))
    else if (s.id === SECTION.code) out.section(s.id, codeSection(module))
    else if (s.id === SECTION.data) out.section(s.id, dataSection(module, r))
    else out.section(s.id, module.bytes.subarray(s.start, s.end))
  }
  imports()
  return readModule(out.bytes(), module.origin)
}
