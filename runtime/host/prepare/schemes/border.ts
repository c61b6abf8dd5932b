/** Functions of ours between guest and host: where the globals meet what the optimised scheme keeps in registers, and what the host calls. */
import { LIMITS } from '../../../core/index.ts'
import { OP, SECTION, Reader, Writer, type FuncType } from '../../wasm/index.ts'
import { FRAME, typeOf, weightOf } from '../code/index.ts'
import { trapIfNegative } from './emit.ts'
import type { Layout } from './layout.ts'

/** Locals behind the parameters: runs of [count, type byte]. */
function begin(locals: readonly (readonly [number, number])[]): Writer {
  const w = new Writer(64).u32(locals.length)
  for (const [n, type] of locals) w.u32(n).byte(type)
  return w
}

const I32 = 0x7f
const I64 = 0x7e

function parameters(w: Writer, { params }: FuncType): Writer {
  for (let i = 0; i < params.length; i++) w.byte(OP.localGet).u32(i)
  return w
}

/**
 * What a call into another core module of the component weighs beside the frames of the guest's functions: two functions of ours stand between. In the
 * scheme where they do not it weighs the same, so that recursion ends at the same call.
 */
function borderWeight({ params, results }: FuncType): number {
  let weight = FRAME
  for (const letter of params + results) weight += weightOf(typeOf(letter))
  return 2 * weight
}

/** What the guest calls in the place of import `index`: the globals are true while the host has the word, and a counter that is spent stops the run before. */
export function importBody(layout: Layout, index: number): Uint8Array {
  const { gasGlobal, stackGlobal, module, shared, threads } = layout
  const type = module.functions[index] as FuncType
  const weight = shared ? borderWeight(type) : 0
  if (!threads) {
    // The counter is true and was looked at; only the stack is to be taken and given back
    const w = begin([]).byte(OP.globalGet).u32(stackGlobal).byte(OP.i32Const).signed(weight).u8(OP.i32Sub, OP.globalSet).u32(stackGlobal)
    parameters(trapIfNegative(w.byte(OP.globalGet).u32(stackGlobal), OP.i32LtS), type)
      .byte(OP.call)
      .u32(index)
    w.byte(OP.globalGet).u32(stackGlobal).byte(OP.i32Const).signed(weight).u8(OP.i32Add, OP.globalSet).u32(stackGlobal)
    return w.byte(OP.end).bytes()
  }
  const gas = type.params.length
  const stack = gas + 1
  const before = gas + 2
  const w = begin([[1, I32]])
  w.byte(OP.globalGet).u32(stackGlobal).byte(OP.localSet).u32(before)
  w.byte(OP.localGet).u32(gas).byte(OP.globalSet).u32(gasGlobal)
  w.byte(OP.localGet).u32(stack)
  if (weight > 0) w.byte(OP.i64Const).signed(weight).byte(OP.i64Sub).byte(OP.localTee).u32(stack)
  w.byte(OP.i32WrapI64).byte(OP.globalSet).u32(stackGlobal)
  trapIfNegative(w.byte(OP.localGet).u32(gas).byte(OP.localGet).u32(stack).byte(OP.i64Or), OP.i64LtS)
  parameters(w, type).byte(OP.call).u32(index)
  w.byte(OP.localGet).u32(before).byte(OP.globalSet).u32(stackGlobal)
  return w.byte(OP.globalGet).u32(gasGlobal).byte(OP.end).bytes()
}

/** What the host calls in the place of function `index`. A run that ends in debt has not completed. */
export function exportBody(layout: Layout, index: number): Uint8Array {
  const { gasGlobal, stackGlobal, module } = layout
  const type = module.functions[index] as FuncType
  const gas = type.params.length
  const w = begin([[1, I64]])
  parameters(w, type).byte(OP.globalGet).u32(gasGlobal)
  w.byte(OP.globalGet).u32(stackGlobal).byte(OP.i64ExtendI32S).byte(OP.call).u32(layout.callee(index))
  w.byte(OP.localTee).u32(gas).byte(OP.globalSet).u32(gasGlobal)
  return trapIfNegative(w.byte(OP.localGet).u32(gas), OP.i64LtS).byte(OP.end).bytes()
}

/** `utnet:charge`: (i32) -> i32. Takes an unsigned amount off the counter; 1 when it is below zero then. */
export function chargeBody({ gasGlobal }: Layout): Uint8Array {
  const w = begin([[1, I64]])
    .byte(OP.globalGet)
    .u32(gasGlobal)
    .u8(OP.localGet, 0, OP.i64ExtendI32U, OP.i64Sub, OP.localTee, 1)
  return w.byte(OP.globalSet).u32(gasGlobal).u8(OP.localGet, 1, OP.i64Const, 0, OP.i64LtS, OP.end).bytes()
}

/** `utnet:reset`: () -> (). Mutable globals of the module and the stack get their first values; gas is the host's to set. */
export function resetBody(layout: Layout, initials: readonly Uint8Array[]): Uint8Array {
  const { module, stackGlobal } = layout
  const w = begin([])
  module.globals.slice(module.importedGlobals).forEach(({ mutable }, i) => {
    if (mutable)
      w.raw(initials[i] as Uint8Array)
        .byte(OP.globalSet)
        .u32(layout.global(module.importedGlobals + i))
  })
  return w.byte(OP.i32Const).signed(LIMITS.stackBytes).byte(OP.globalSet).u32(stackGlobal).byte(OP.end).bytes()
}

/** Init expressions of the module's own globals as they are written now, without their `end`. */
export function initialValues(layout: Layout): readonly Uint8Array[] {
  const { module } = layout
  const section = module.sections.find((s) => s.id === SECTION.global)
  if (section === undefined) return []
  const r = new Reader(module.bytes, module.origin, section.start, section.end)
  const out: Uint8Array[] = []
  for (let left = r.u32(); left > 0; left--) {
    r.skip(2)
    out.push(constant(layout, r))
  }
  return out
}

/** A constant expression, extended ones too (i32 and i64 arithmetic), rewritten; without its `end`. */
export function constant(layout: Layout, r: Reader): Uint8Array {
  const out = new Writer(8)
  for (;;) {
    const at = r.at
    const code = r.u8()
    if (code === OP.end) return out.bytes()
    if (code === OP.refFunc) out.byte(code).u32(layout.callee(r.u32()))
    else if (code === OP.globalGet) out.byte(code).u32(layout.global(r.u32()))
    else {
      if (code === OP.i32Const) r.skipLeb(5)
      else if (code === OP.i64Const) r.skipLeb(10)
      else if (code === OP.f32Const) r.skip(4)
      else if (code === OP.f64Const) r.skip(8)
      else if (code === OP.refNull) r.skip(1)
      else if (code === 0xfd) {
        r.u32()
        r.skip(16)
      }
      out.raw(r.bytes.subarray(at, r.at))
    }
  }
}
