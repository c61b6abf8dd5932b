/** What lets an instance be used again: the host's charge without a BigInt, globals set back, and which modules may not be. */
import { LIMITS } from '../../core/index.ts'
import { constant, Instructions, OP, Reader, SECTION, Writer, type CoreModule } from '../wasm/index.ts'

/** (i32) -> (i32): takes an unsigned amount off the counter; 1 when that is now below zero. */
export function hostChargeBody(gasGlobal: number): Uint8Array {
  const w = new Writer().u8(1, 1, 0x7e)
  w.u8(OP.globalGet).u32(gasGlobal).u8(OP.localGet, 0, OP.i64ExtendI32U, OP.i64Sub, OP.localTee, 1, OP.globalSet).u32(gasGlobal)
  return w.u8(OP.localGet, 1, OP.i64Const, 0, OP.i64LtS, OP.end).bytes()
}

/** () -> (): sets every mutable global of the guest to its initial value, and the stack that is left to all of it. */
export function resetBody(module: CoreModule, stackGlobal: number): Uint8Array {
  const w = new Writer().u8(0)
  const section = module.sections.find((s) => s.id === SECTION.global)
  if (section !== undefined) {
    const r = new Reader(module.bytes, module.origin, section.start, section.end)
    const count = r.u32()
    for (let i = 0; i < count; i++) {
      r.skip(2) // type and mutability, read before
      const from = r.at
      constant(r)
      const index = module.importedGlobals + i
      if (module.globals[index]?.mutable === true)
        w.raw(module.bytes.subarray(from, r.at - 1))
          .u8(OP.globalSet)
          .u32(index)
    }
  }
  return w.u8(OP.i32Const).signed(LIMITS.stackBytes).u8(OP.globalSet).u32(stackGlobal).u8(OP.end).bytes()
}

/** Instructions that change what neither a reset of globals nor an image of the memory brings back. */
const LASTING: ReadonlySet<number> = new Set([
  OP.tableSet,
  OP.tableInit,
  OP.tableCopy,
  OP.tableGrow,
  OP.tableFill,
  OP.elemDrop,
  OP.dataDrop,
])

/** Whether an instance of the module can be made new again by `utnet:reset` and an image of its memory. */
export function isPoolable(module: CoreModule): boolean {
  return module.bodies.every((body) => {
    const walk = new Instructions(module, body)
    while (walk.step()) if (LASTING.has(walk.code)) return false
    return true
  })
}
