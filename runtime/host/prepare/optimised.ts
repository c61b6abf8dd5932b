/**
 * The optimised scheme. Every function takes the gas and the stack that are left as two more parameters and gives the gas back as one more result, so
 * that both live in registers: a charge is a subtraction, a return restores no depth. Only our own functions at the border (border.ts) know the globals.
 */
import type { WasmPrices } from '../../core/index.ts'
import { OP, type Body, type Writer } from '../wasm/index.ts'
import { FunctionCode, MARK } from './code.ts'
import { blockOf, Emitter } from './emit.ts'
import type { Layout } from './layout.ts'
import { DelayedFixes, type Fixes } from './nan.ts'
import type { Counters } from './profile.ts'
import { Segments } from './segments.ts'

/**
 * A loop that looks at the counter branches to one stop behind the body, out of its way: engines lay an `if` into it (5 % of a tight loop). But where
 * branches meet, engines merge every local; a function with more merges than this stops on the spot.
 */
const TAIL_MERGES = 1 << 16

/** No instruction stands there. */
const NOWHERE = -1

const NO_FIXES: readonly Fixes[] = []

export class OptimisedBodies {
  readonly #layout: Layout
  readonly #prices: WasmPrices
  readonly #emit = new Emitter()
  readonly #code = new FunctionCode()
  readonly #segments = new Segments()
  readonly #nans = new DelayedFixes()
  /** Locals of gas and stack. */
  #gas = 0
  #stack = 0
  /** Blocks open around the present instruction, and whether the outermost of them ends in the function's one stop. */
  #depth = 0
  #tail = false

  readonly #countersOf: ((index: number) => Counters) | undefined
  #counters: Counters | undefined

  /** `countersOf` makes the profiling variant. */
  constructor(layout: Layout, prices: WasmPrices, countersOf?: (index: number) => Counters) {
    this.#layout = layout
    this.#prices = prices
    this.#countersOf = countersOf
  }

  /** Adds to a counter of the profile; `amount` writes an i64. */
  #count(counter: 'gas' | 'calls', amount: (w: Writer) => Writer): void {
    if (this.#counters === undefined) return
    const global = this.#counters[counter]
    amount(this.#emit.out.byte(OP.globalGet).u32(global)).u8(OP.i64Add, OP.globalSet).u32(global)
  }

  /** Counts a charge; what was not to be had is not counted. */
  #countCharge(cost: number, checked: boolean): void {
    if (this.#counters === undefined) return
    const w = this.#emit.out
    if (!checked) w.byte(OP.localGet).u32(this.#gas).u8(OP.i64Const, 0, OP.i64GeS, OP.if, 0x40)
    this.#count('gas', (out) => out.byte(OP.i64Const).signed(cost))
    if (!checked) w.byte(OP.end)
  }

  /** Ends the run where the i64 on top is negative; the globals tell what is left. Only where a function is entered the stack may be what is spent. */
  #stop(entry = false): void {
    const { gasGlobal, stackGlobal } = this.#layout
    const w = this.#emit.out.byte(OP.i64Const).u8(0, OP.i64LtS, OP.if, 0x40, OP.localGet).u32(this.#gas).byte(OP.globalSet).u32(gasGlobal)
    if (entry) w.byte(OP.localGet).u32(this.#stack).byte(OP.i32WrapI64).byte(OP.globalSet).u32(stackGlobal)
    w.byte(OP.unreachable).byte(OP.end)
  }

  #subtract(local: number, amount: number): Writer {
    return this.#emit.out.byte(OP.localGet).u32(local).byte(OP.i64Const).signed(amount).byte(OP.i64Sub)
  }

  #enter(cost: number, weight: number): void {
    this.#subtract(this.#gas, cost).byte(OP.localTee).u32(this.#gas)
    this.#subtract(this.#stack, weight).byte(OP.localTee).u32(this.#stack).byte(OP.i64Or)
    this.#stop(true)
    this.#count('calls', (w) => w.u8(OP.i64Const, 1))
    this.#countCharge(cost, true)
  }

  #charge(cost: number, check: boolean): void {
    if (!check) {
      this.#subtract(this.#gas, cost).byte(OP.localSet).u32(this.#gas)
      this.#countCharge(cost, false)
      return
    }
    if (cost > 0) this.#subtract(this.#gas, cost).byte(OP.localTee).u32(this.#gas)
    else this.#emit.out.byte(OP.localGet).u32(this.#gas)
    if (this.#tail) this.#emit.out.byte(OP.i64Const).u8(0, OP.i64LtS, OP.brIf).u32(this.#depth)
    else this.#stop()
    this.#countCharge(cost, true)
  }

  /** Charges by the u32 on top, which stays. */
  #chargeByOperand(price: number, shift: number): void {
    const t = this.#emit.scratch('i')
    const w = this.#emit.out.byte(OP.localSet).u32(t).byte(OP.localGet).u32(this.#gas)
    this.#emit.priceOfLocal(t, price, shift)
    w.byte(OP.i64Sub).byte(OP.localTee).u32(this.#gas)
    this.#stop()
    if (this.#counters !== undefined)
      this.#count('gas', (out) => {
        this.#emit.priceOfLocal(t, price, shift)
        return out
      })
    w.byte(OP.localGet).u32(t)
  }

  #call(code: number, index: number): void {
    const w = this.#emit.out
    // The place in the table lies above the arguments
    const t = code === OP.callIndirect ? this.#emit.scratch('i') : 0
    if (code === OP.callIndirect) w.byte(OP.localSet).u32(t)
    w.byte(OP.localGet).u32(this.#gas).byte(OP.localGet).u32(this.#stack)
    if (code === OP.callIndirect) w.byte(OP.localGet).u32(t).byte(code).u32(this.#layout.functionType(index)).byte(0)
    else w.byte(code).u32(this.#layout.callee(index))
    w.byte(OP.localSet).u32(this.#gas)
  }

  /** Writes the new body into a code section, its size before it. Gives the size. */
  write(body: Body, section: Writer): number {
    const layout = this.#layout
    const { module } = layout
    const prices = this.#prices
    const code = this.#code.read(module, body)
    const { params } = code
    this.#counters = this.#countersOf?.(body.index)
    this.#gas = params
    this.#stack = params + 1
    const emit = this.#emit
    emit.begin(code.locals.length + 2)
    const fixes = code.makesNan ? this.#nans.of(module, code) : NO_FIXES
    const charges = this.#segments.of(code, prices)
    const { out } = emit
    const { bytes } = module
    const { count, codes, at, imm } = code

    this.#enter(charges.cost[0] as number, code.weight)
    // A branch to the function's own label must pass by the gas that is given back
    const wrapped = code.functionMarks !== 0
    const checks = charges.checks - 1
    this.#tail = checks > 0 && checks * code.locals.length <= TAIL_MERGES
    this.#depth = wrapped ? 1 : 0
    if (this.#tail) out.byte(OP.block).byte(0x40)
    if (wrapped) blockOf(out.byte(OP.block), body.type.results, layout.blockType)

    let copied = body.start
    let nextFix = 0
    let fixAt = fixes[0]?.at ?? NOWHERE
    let nextCharge = 1
    let chargeAt = charges.count > 1 ? (charges.at[1] as number) : NOWHERE
    for (let i = 0; i < count; i++) {
      const here = at[i] as number
      if (i === fixAt) {
        const fix = fixes[nextFix] as Fixes
        out.copy(bytes, copied, here)
        copied = here
        for (const [local, kind] of fix.locals) emit.canonicalLocal(kind, local < params ? local : local + 2)
        if (fix.kinds.length > 0) emit.canonicalStack(fix.stack, fix.kinds)
        fixAt = fixes[++nextFix]?.at ?? NOWHERE
      }
      if (i === chargeAt) {
        out.copy(bytes, copied, here)
        copied = here
        this.#charge(charges.cost[nextCharge] as number, charges.check[nextCharge] === 1)
        nextCharge++
        chargeAt = nextCharge < charges.count ? (charges.at[nextCharge] as number) : NOWHERE
      }
      const op = codes[i] as number
      if (op === OP.block || op === OP.loop || op === OP.if) this.#depth++
      else if (op === OP.end) this.#depth--
      switch (op) {
        case OP.localGet:
        case OP.localSet:
        case OP.localTee:
          if ((imm[i] as number) < params) continue
          out
            .copy(bytes, copied, here)
            .byte(op)
            .u32((imm[i] as number) + 2)
          break
        case OP.globalGet:
        case OP.globalSet:
          if (!layout.shared) continue
          out
            .copy(bytes, copied, here)
            .byte(op)
            .u32(layout.global(imm[i] as number))
          break
        case OP.call:
        case OP.callIndirect:
          out.copy(bytes, copied, here)
          this.#call(op, imm[i] as number)
          break
        case OP.refFunc:
          layout.referenced.add(layout.callee(imm[i] as number))
          out
            .copy(bytes, copied, here)
            .byte(op)
            .u32(layout.callee(imm[i] as number))
          break
        case OP.return:
          out.copy(bytes, copied, here).byte(OP.localGet).u32(this.#gas).byte(op)
          break
        case OP.memoryGrow:
          this.#dynamic(i, copied, prices.growPage, 0)
          copied = here
          continue
        case OP.memoryCopy:
        case OP.memoryFill:
        case OP.memoryInit:
          this.#dynamic(i, copied, prices.bulk64, 6)
          copied = here
          continue
        case OP.tableGrow:
        case OP.tableCopy:
        case OP.tableInit:
        case OP.tableFill:
          this.#dynamic(i, copied, prices.tableElement, 0)
          copied = here
          continue
        default:
          continue
      }
      copied = at[i + 1] as number
    }
    out.copy(bytes, copied, at[count - 1] as number)
    if (wrapped) out.byte(OP.end)
    out.byte(OP.localGet).u32(this.#gas)
    if (this.#tail) {
      out.byte(OP.return).byte(OP.end).byte(OP.localGet).u32(this.#gas).byte(OP.globalSet).u32(layout.gasGlobal)
      out.byte(OP.unreachable)
    }
    out.byte(OP.end)
    return emit.finish(body, section)
  }

  #dynamic(i: number, copied: number, price: number, shift: number): void {
    this.#emit.out.copy(this.#layout.module.bytes, copied, this.#code.at[i] as number)
    if (((this.#code.marks[i] as number) & MARK.dead) === 0) this.#chargeByOperand(price, shift)
  }
}
