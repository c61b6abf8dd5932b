/** Writes one function: what both schemes share. */
import { FD, OP, Writer, type Body, type NanFix } from '../../wasm/index.ts'

const BYTES: Readonly<Record<string, number>> = { i: 0x7f, l: 0x7e, f: 0x7d, d: 0x7c, v: 0x7b, r: 0x70, e: 0x6f }

/** The byte of a value type's letter. */
export const typeByte = (letter: string): number => BYTES[letter] as number

/** Writes an instruction of the opcode table. */
export function op(w: Writer, code: number): Writer {
  return code > 0xff ? w.byte(code >> 8).u32(code & 0xff) : w.byte(code)
}

const CANONICAL: Readonly<Record<NanFix, Uint8Array>> = {
  f32: Uint8Array.of(0, 0, 0xc0, 0x7f),
  f64: Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf8, 0x7f),
  f32x4: Uint8Array.of(0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f),
  f64x2: Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f),
}
const CONSTANT: Readonly<Record<NanFix, number>> = { f32: OP.f32Const, f64: OP.f64Const, f32x4: OP.v128Const, f64x2: OP.v128Const }
const EQUAL: Readonly<Record<'f32x4' | 'f64x2', number>> = { f32x4: OP.f32x4Eq, f64x2: OP.f64x2Eq }
const UNEQUAL: Readonly<Record<NanFix, number>> = { f32: OP.f32Ne, f64: OP.f64Ne, f32x4: OP.f32x4Ne, f64x2: OP.f64x2Ne }
const LETTER: Readonly<Record<NanFix, string>> = { f32: 'f', f64: 'd', f32x4: 'v', f64x2: 'v' }
const BITMASK: Readonly<Record<'f32x4' | 'f64x2', number>> = { f32x4: FD + 164, f64x2: FD + 196 }

/** Where a block's type goes: () -> results. `blockType` gives the index of a type of several results. */
export function blockOf(w: Writer, results: string, blockType: (results: string) => number): void {
  if (results.length === 0) w.byte(0x40)
  else if (results.length === 1) w.byte(typeByte(results))
  else w.signed(blockType(results))
}

/** Traps when the i32 or i64 (by `lessThan`) on top is negative. */
export function trapIfNegative(w: Writer, lessThan: number): Writer {
  return op(w, lessThan === OP.i64LtS ? OP.i64Const : OP.i32Const).u8(0, lessThan, OP.if, 0x40, OP.unreachable, OP.end)
}

export class Emitter {
  readonly out = new Writer(4_096)
  readonly #head = new Writer(256)
  readonly #scratch: string[] = []
  #byLetter: Record<string, number[]> = {}
  #first = 0

  /** Begins a function whose first scratch local is `first`. */
  begin(first: number): void {
    this.out.clear()
    this.#scratch.length = 0
    this.#byLetter = {}
    this.#first = first
  }

  /** The `nth` scratch local of a type. */
  scratch(letter: string, nth = 0): number {
    const of = (this.#byLetter[letter] ??= [])
    while (of.length <= nth) of.push(this.#first + this.#scratch.push(letter) - 1)
    return of[nth] as number
  }

  /** Writes declarations and instructions into a code section, its size before it. Gives the size. */
  finish(body: Body, code: Writer): number {
    const head = this.#head.clear().u32(body.locals.length + this.#scratch.length)
    for (const [n, letter] of body.locals) head.u32(n).byte(typeByte(letter))
    for (const letter of this.#scratch) head.byte(1).byte(typeByte(letter))
    const size = head.length + this.out.length
    code.u32(size).raw(head.view()).raw(this.out.view())
    return size
  }

  /** Gas by the u32 in local `n`, as an i64: `price` for each unit of 2^shift, begun. */
  priceOfLocal(n: number, price: number, shift: number): void {
    const w = this.out.byte(OP.localGet).u32(n).byte(OP.i64ExtendI32U)
    if (shift > 0)
      w.byte(OP.i64Const)
        .signed((1 << shift) - 1)
        .u8(OP.i64Add, OP.i64Const)
        .signed(shift)
        .byte(OP.i64ShrU)
    w.byte(OP.i64Const).signed(price).byte(OP.i64Mul)
  }

  /** Replaces the value on top by the positive canonical NaN where it is a NaN (core specification, 4.3.3). */
  canonical(fix: NanFix): void {
    const t = this.scratch(LETTER[fix])
    this.out.byte(OP.localTee).u32(t)
    this.#ifNan(fix, t)
    this.out.byte(OP.localGet).u32(t)
  }

  /** The same for a local. */
  canonicalLocal(fix: NanFix, local: number): void {
    this.out.byte(OP.localGet).u32(local)
    this.#ifNan(fix, local)
  }

  /** Takes a copy of local t from the stack. A branch, not a select: it is foreseen, so that the value's consumers need not wait for the comparison. */
  #ifNan(fix: NanFix, t: number): void {
    const w = this.out.byte(OP.localGet).u32(t)
    op(w, UNEQUAL[fix])
    const vector = fix === 'f32x4' || fix === 'f64x2'
    if (vector) op(w, BITMASK[fix])
    w.byte(OP.if).byte(0x40)
    if (vector) w.byte(OP.localGet).u32(t)
    op(w, CONSTANT[fix]).raw(CANONICAL[fix])
    if (vector) {
      w.byte(OP.localGet).u32(t).byte(OP.localGet).u32(t)
      op(w, EQUAL[fix])
      op(w, OP.bitselect)
    }
    w.byte(OP.localSet).u32(t).byte(OP.end)
  }

  /**
   * Makes values on the stack canonical where `kinds` says so; `stack` are their types, the topmost last. Those above the lowest wait in scratch locals,
   * from the second of their type on: the first is that of `canonical`.
   */
  canonicalStack(stack: string, kinds: readonly (NanFix | undefined)[]): void {
    const kept: number[] = []
    const used: Record<string, number> = {}
    for (let k = stack.length - 1; k > 0; k--) {
      const letter = stack.charAt(k)
      const nth = (used[letter] = (used[letter] ?? 0) + 1)
      const t = this.scratch(letter, nth)
      kept.push(t)
      this.out.byte(OP.localSet).u32(t)
    }
    for (let k = 0; k < stack.length; k++) {
      if (k > 0) this.out.byte(OP.localGet).u32(kept.pop() as number)
      const fix = kinds[k]
      if (fix !== undefined) this.canonical(fix)
    }
  }
}
