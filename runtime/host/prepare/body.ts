/** Rewrites one function: gas, stack depth, canonical NaNs, charges that depend on operands. */
import type { Params } from '../../core/index.ts'
import { FC, FD, Instructions, OP, Writer, type Body, type CoreModule, type NanFix } from '../wasm/index.ts'
import { frameWeight } from './frame.ts'
import type { GasScheme } from './gas.ts'
import type { Counters } from './profile.ts'

/** What the functions share: indices of what is appended to the module. */
export interface Additions {
  readonly gasGlobal: number
  readonly stackGlobal: number
  /** The function (i64) -> () that charges and checks. */
  readonly chargeFunction: number
  /** The type () -> results. */
  blockType(results: string): number
  /** Counters of a function, in the profiling variant. */
  counters?(index: number): Counters
}

const BYTES: Readonly<Record<string, number>> = { i: 0x7f, l: 0x7e, f: 0x7d, d: 0x7c, v: 0x7b, r: 0x70, e: 0x6f }

/** The byte of a value type's letter. */
export const typeByte = (letter: string): number => BYTES[letter] as number

/** Writes an instruction of the opcode table. */
function op(w: Writer, code: number): Writer {
  return code > 0xff ? w.u8(code >> 8).u32(code & 0xff) : w.u8(code)
}

const CANONICAL: Readonly<Record<NanFix, readonly number[]>> = {
  f32: [0x00, 0x00, 0xc0, 0x7f],
  f64: [0, 0, 0, 0, 0, 0, 0xf8, 0x7f],
  f32x4: [0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f],
  f64x2: [0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f],
}
const CONSTANT: Readonly<Record<NanFix, number>> = { f32: OP.f32Const, f64: OP.f64Const, f32x4: OP.v128Const, f64x2: OP.v128Const }
const EQUAL: Readonly<Record<'f32x4' | 'f64x2', number>> = { f32x4: OP.f32x4Eq, f64x2: OP.f64x2Eq }
const UNEQUAL: Readonly<Record<NanFix, number>> = { f32: OP.f32Ne, f64: OP.f64Ne, f32x4: OP.f32x4Ne, f64x2: OP.f64x2Ne }
const LETTER: Readonly<Record<NanFix, string>> = { f32: 'f', f64: 'd', f32x4: 'v', f64x2: 'v' }

/** Traps when the i32 or i64 (by `lessThan`) on top is negative. */
function trapIfNegative(w: Writer, lessThan: number): void {
  op(w, lessThan === OP.i64LtS ? OP.i64Const : OP.i32Const).u8(0)
  w.u8(lessThan, OP.if, 0x40, OP.unreachable, OP.end)
}

/** The body of the charge function: (i64) -> (). */
export function chargeBody(gasGlobal: number): Uint8Array {
  const w = new Writer().u8(0)
  w.u8(OP.globalGet).u32(gasGlobal).u8(OP.localGet, 0, OP.i64Sub, OP.localTee, 0, OP.globalSet).u32(gasGlobal).u8(OP.localGet, 0)
  trapIfNegative(w, OP.i64LtS)
  return w.u8(OP.end).bytes()
}

class Emitter {
  readonly out = new Writer()
  readonly #extra: string[] = []
  readonly #firstExtra: number
  readonly #add: Additions
  readonly #counters: Counters | undefined

  constructor(body: Body, add: Additions) {
    this.#firstExtra = body.type.params.length + body.localCount
    this.#add = add
    this.#counters = add.counters?.(body.index)
  }

  /** Index of the scratch local of a type. */
  #scratch(letter: string): number {
    let i = this.#extra.indexOf(letter)
    if (i < 0) i = this.#extra.push(letter) - 1
    return this.#firstExtra + i
  }

  get extra(): readonly string[] {
    return this.#extra
  }

  /** Adds to a counter of the profile; `amount` writes an i64. Stands behind the check of the gas: what was not to be had is not counted. */
  #count(counter: 'gas' | 'calls', amount: (w: Writer) => Writer): void {
    if (this.#counters === undefined) return
    const global = this.#counters[counter]
    amount(this.out.u8(OP.globalGet).u32(global)).u8(OP.i64Add, OP.globalSet).u32(global)
  }

  charge(cost: number): void {
    const t = this.#scratch('l')
    this.out.u8(OP.globalGet).u32(this.#add.gasGlobal).u8(OP.i64Const).signed(cost).u8(OP.i64Sub, OP.localTee).u32(t)
    this.out.u8(OP.globalSet).u32(this.#add.gasGlobal).u8(OP.localGet).u32(t)
    trapIfNegative(this.out, OP.i64LtS)
    this.#count('gas', (w) => w.u8(OP.i64Const).signed(cost))
  }

  enter(weight: number, results: string): void {
    this.#count('calls', (w) => w.u8(OP.i64Const, 1))
    const t = this.#scratch('i')
    this.out.u8(OP.globalGet).u32(this.#add.stackGlobal).u8(OP.i32Const).signed(weight).u8(OP.i32Sub, OP.localTee).u32(t)
    this.out.u8(OP.globalSet).u32(this.#add.stackGlobal).u8(OP.localGet).u32(t)
    trapIfNegative(this.out, OP.i32LtS)
    this.out.u8(OP.block)
    if (results.length === 0) this.out.u8(0x40)
    else if (results.length === 1) this.out.u8(typeByte(results))
    else this.out.signed(this.#add.blockType(results))
  }

  leave(weight: number): void {
    this.out
      .u8(OP.end, OP.globalGet)
      .u32(this.#add.stackGlobal)
      .u8(OP.i32Const)
      .signed(weight)
      .u8(OP.i32Add, OP.globalSet)
      .u32(this.#add.stackGlobal)
    this.out.u8(OP.end)
  }

  /** Charges by the u32 on top, which stays: `price` for each unit of 2^shift, begun. */
  chargeByOperand(price: number, shift: number): void {
    const t = this.#scratch('i')
    const w = this.out
    w.u8(OP.localTee).u32(t).u8(OP.localGet).u32(t).u8(OP.i64ExtendI32U)
    if (shift > 0)
      w.u8(OP.i64Const)
        .signed((1 << shift) - 1)
        .u8(OP.i64Add, OP.i64Const)
        .signed(shift)
        .u8(OP.i64ShrU)
    w.u8(OP.i64Const).signed(price).u8(OP.i64Mul)
    if (this.#counters === undefined) {
      w.u8(OP.call).u32(this.#add.chargeFunction)
      return
    }
    const cost = this.#scratch('l')
    w.u8(OP.localTee).u32(cost).u8(OP.call).u32(this.#add.chargeFunction)
    this.#count('gas', (out) => out.u8(OP.localGet).u32(cost))
  }

  /**
   * Replaces the value on top by the positive canonical NaN where it is a NaN (core specification, 4.3.3).
   * A branch, not a select: it is foreseen, so that the value's consumers need not wait for the comparison.
   */
  canonical(fix: NanFix): void {
    const t = this.#scratch(LETTER[fix])
    const vector = fix === 'f32x4' || fix === 'f64x2'
    const w = this.out
    w.u8(OP.localTee).u32(t).u8(OP.localGet).u32(t)
    op(w, UNEQUAL[fix])
    if (vector) op(w, OP.anyTrue)
    w.u8(OP.if, 0x40)
    if (vector) w.u8(OP.localGet).u32(t)
    op(w, CONSTANT[fix]).u8(...CANONICAL[fix])
    if (vector) {
      w.u8(OP.localGet).u32(t).u8(OP.localGet).u32(t)
      op(w, EQUAL[fix])
      op(w, OP.bitselect)
    }
    w.u8(OP.localSet).u32(t).u8(OP.end, OP.localGet).u32(t)
  }
}

/** Numeric instructions on floats of a kind whose result does not depend on which NaN they are given, beside those that are fixed themselves. */
const BLIND: Readonly<Record<NanFix, readonly (readonly [number, number])[]>> = {
  f32: [
    [0x5b, 0x60],
    [0xa8, 0xa9],
    [0xae, 0xaf],
    [FC, FC + 1],
    [FC + 4, FC + 5],
  ],
  f64: [
    [0x61, 0x66],
    [0xaa, 0xab],
    [0xb0, 0xb1],
    [FC + 2, FC + 3],
    [FC + 6, FC + 7],
  ],
  f32x4: [
    [FD + 65, FD + 70],
    [FD + 248, FD + 249],
  ],
  f64x2: [
    [FD + 71, FD + 76],
    [FD + 252, FD + 253],
  ],
}

/** True when the next instruction takes the value at once and cannot tell one NaN from another: then the fix would not be seen. */
function unseen(fix: NanFix, { code, opcode }: Instructions): boolean {
  return opcode.nan === fix || BLIND[fix].some(([first, last]) => code >= first && code <= last)
}

/** The new body of a function, without its size. */
export function rewriteBody(module: CoreModule, body: Body, add: Additions, scheme: GasScheme, prices: Params['wasm']): Writer {
  const charges = scheme(module, body, prices)
  const weight = frameWeight(module, body)
  const emit = new Emitter(body, add)
  const { out } = emit
  let next = 0
  // Bytes from here to the present instruction are copied as they are
  let copied = body.start
  const copyTo = (at: number): void => {
    if (at > copied) out.raw(module.bytes.subarray(copied, at))
    copied = at
  }
  emit.enter(weight, body.type.results)
  const walk = new Instructions(module, body)
  let pending: NanFix | undefined
  while (walk.step()) {
    if (pending !== undefined && !unseen(pending, walk)) {
      copyTo(walk.at)
      emit.canonical(pending)
    }
    pending = walk.opcode.nan
    const charge = charges[next]
    if (charge !== undefined && charge.at === walk.at) {
      copyTo(walk.at)
      emit.charge(charge.cost)
      next++
    }
    switch (walk.code) {
      case OP.return:
        // The function's own label is now that of the block around its body
        copyTo(walk.at)
        out.u8(OP.br).u32(walk.depth - 1)
        copied = walk.next
        break
      case OP.memoryGrow:
        copyTo(walk.at)
        emit.chargeByOperand(prices.growPage, 0)
        break
      case OP.memoryCopy:
      case OP.memoryFill:
      case OP.memoryInit:
        copyTo(walk.at)
        emit.chargeByOperand(prices.bulk64, 6)
        break
      case OP.tableGrow:
      case OP.tableCopy:
      case OP.tableInit:
      case OP.tableFill:
        copyTo(walk.at)
        emit.chargeByOperand(prices.tableElement, 0)
        break
      case OP.end:
        if (walk.depth > 0) break
        copyTo(walk.at)
        emit.leave(weight)
        copied = walk.next
        break
    }
  }
  const head = new Writer().u32(body.locals.length + emit.extra.length)
  for (const [n, letter] of body.locals) head.u32(n).u8(typeByte(letter))
  for (const letter of emit.extra) head.u32(1).u8(typeByte(letter))
  return head.raw(out.view())
}
