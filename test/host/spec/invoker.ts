/** Calls a core function with arguments out of memory and puts its results there: bits that JavaScript would not keep, and vectors that it does not have. */
import { OP, SECTION, Writer, type FuncType } from '../../../runtime/host/wasm/index.ts'

const TYPE: Readonly<Record<string, number>> = { i: 0x7f, l: 0x7e, f: 0x7d, d: 0x7c, v: 0x7b }
const LOAD: Readonly<Record<string, readonly number[]>> = { i: [0x28], l: [0x29], f: [0x2a], d: [0x2b], v: [0xfd, 0] }
const STORE: Readonly<Record<string, readonly number[]>> = { i: [0x36], l: [0x37], f: [0x38], d: [0x39], v: [0xfd, 11] }
/** Bytes of a value's place. */
export const PLACE = 16

const compiled = new Map<string, WebAssembly.Module>()

function invoker(type: FuncType): WebAssembly.Module {
  const key = `${type.params}>${type.results}`
  const found = compiled.get(key)
  if (found !== undefined) return found
  const types = (letters: string): Writer => new Writer().u32(letters.length).u8(...[...letters].map((l) => TYPE[l] as number))
  const locals = new Writer().u32(type.results.length)
  for (const letter of type.results) locals.u32(1).byte(TYPE[letter] as number)
  const body = new Writer()
  ;[...type.params].forEach((letter, i) => body.u8(OP.i32Const, 0, ...(LOAD[letter] as number[]), 0).u32(i * PLACE))
  body.u8(OP.call, 0)
  for (let i = type.results.length - 1; i >= 0; i--) body.byte(OP.localSet).u32(i)
  ;[...type.results].forEach((letter, i) =>
    body
      .u8(OP.i32Const, 0, OP.localGet)
      .u32(i)
      .u8(...(STORE[letter] as number[]), 0)
      .u32(i * PLACE),
  )
  const code = locals.raw(body.byte(OP.end).bytes()).bytes()
  const bytes = new Writer()
    .u8(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
    .section(SECTION.type, new Writer().u8(2, 0x60).raw(types(type.params).bytes()).raw(types(type.results).bytes()).u8(0x60, 0, 0))
    .section(SECTION.import, new Writer().u8(1).name('').name('f').u8(0, 0))
    .section(SECTION.function, new Writer().u8(1, 1))
    .section(SECTION.memory, new Writer().u8(1, 0, 1))
    .section(SECTION.export, new Writer().u8(2).name('run').u8(0, 1).name('memory').u8(2, 0))
    .section(SECTION.code, new Writer().u8(1).u32(code.length).raw(code))
    .bytes()
  const made = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
  compiled.set(key, made)
  return made
}

const invokers = new WeakMap<object, (fill: (view: DataView) => void) => DataView>()

/** `fill` writes the arguments, one in each place; the view that comes back has the results so. */
export function invoke(f: object, type: FuncType, fill: (view: DataView) => void): DataView {
  let run = invokers.get(f)
  if (run === undefined) {
    const { exports } = new WebAssembly.Instance(invoker(type), { '': { f: f as WebAssembly.ImportValue } })
    const view = new DataView((exports['memory'] as WebAssembly.Memory).buffer)
    run = (fillOf) => {
      fillOf(view)
      ;(exports['run'] as () => void)()
      return view
    }
    invokers.set(f, run)
  }
  return run(fill)
}
