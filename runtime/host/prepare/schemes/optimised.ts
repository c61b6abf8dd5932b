/**
 * The optimised scheme. Every function takes the gas and the stack that are left as two more parameters and gives the gas back as one more result, so
 * that both live in registers: a charge is a subtraction, a return restores no depth. Only our own functions at the border (border.ts) know the globals.
 */
import type { WasmPrices } from '../../../core/index.ts'
import { OP, type Body, type Writer } from '../../wasm/index.ts'
import { FunctionCode, MARK, Segments } from '../code/index.ts'
import type { Counters } from '../counters/index.ts'
import { blockOf, Emitter } from './emit.ts'
import type { Layout } from './layout.ts'
import { DelayedFixes, type Fixes } from '../nan/index.ts'
import type { Positions } from './positions.ts'

/**
 * A loop that looks at the counter branches to a stop behind the body, out of its way: engines lay an `if` into it (5 % of a tight loop). But where
 * branches go, engines note every local; a function with more notes than this stops on the spot.
 */
const TAIL_MERGES = 1 << 16
/** Loops that have a stop each, which the engine's stack then tells: in a function with more of them all branch to one. */
const OWN_STOPS = 64

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
  /** Blocks open around the present instruction, beside those that end in a stop; and how many of these there are. */
  #depth = 0
  #stops = 0
  /** For each check of a loop so far, its place in the original. */
  readonly #checked: number[] = []

  readonly #counters: Counters | undefined
  readonly #positions: Positions | undefined
  #function = 0

  /** Counters make the profiling variant. */
  constructor(layout: Layout, prices: WasmPrices, counters?: Counters, positions?: Positions) {
    this.#layout = layout
    this.#prices = prices
    this.#counters = counters
    this.#positions = positions
  }

  /** Adds to a counter of the profile; `amount` writes an i64. */
  #count(global: number, amount: (w: Writer) => Writer): void {
    amount(this.#emit.out.byte(OP.globalGet).u32(global)).u8(OP.i64Add, OP.globalSet).u32(global)
  }

  #countEntry(counters: Counters): void {
    this.#count(counters.calls(this.#function), (w) => w.u8(OP.i64Const, 1))
    const w = this.#emit.out.byte(OP.localGet).u32(this.#stack).byte(OP.globalGet).u32(counters.leastStack).u8(OP.i64LtS, OP.if, 0x40)
    w.byte(OP.localGet).u32(this.#stack).byte(OP.globalSet).u32(counters.leastStack).byte(OP.end)
  }

  /** Counts that a straight line is entered, unless on credit. */
  #countLine(global: number): void {
    const gas = this.#gas
    this.#count(global, (w) => w.byte(OP.localGet).u32(gas).u8(OP.i64Const, 0, OP.i64GeS, OP.i64ExtendI32U))
  }

  /** Counts a charge; what was not to be had is not counted. */
  #countCharge(cost: number, checked: boolean): void {
    if (this.#counters === undefined) return
    const w = this.#emit.out
    if (!checked) w.byte(OP.localGet).u32(this.#gas).u8(OP.i64Const, 0, OP.i64GeS, OP.if, 0x40)
    this.#count(this.#counters.gas(this.#function), (out) => out.byte(OP.i64Const).signed(cost))
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
    if (this.#counters !== undefined) this.#countEntry(this.#counters)
    this.#countCharge(cost, true)
  }

  /** `at` is the place in the original. */
  #charge(cost: number, check: boolean, at: number): void {
    if (!check) {
      this.#subtract(this.#gas, cost).byte(OP.localSet).u32(this.#gas)
      this.#countCharge(cost, false)
      return
    }
    if (cost > 0) this.#subtract(this.#gas, cost).byte(OP.localTee).u32(this.#gas)
    else this.#emit.out.byte(OP.localGet).u32(this.#gas)
    if (this.#stops > 0) {
      // The innermost block is that of the first check
      const own = this.#stops > 1 ? this.#checked.length : 0
      this.#emit.out
        .byte(OP.i64Const)
        .u8(0, OP.i64LtS, OP.brIf)
        .u32(this.#depth + own)
      this.#checked.push(at)
    } else this.#stop()
    this.#countCharge(cost, true)
  }

  /** Charges by the u32 on top, which stays. `probe` is the instruction's own counter. */
  #chargeByOperand(price: number, shift: number, probe: number): void {
    const t = this.#emit.scratch('i')
    const w = this.#emit.out.byte(OP.localSet).u32(t).byte(OP.localGet).u32(this.#gas)
    this.#emit.priceOfLocal(t, price, shift)
    w.byte(OP.i64Sub).byte(OP.localTee).u32(this.#gas)
    this.#stop()
    const amount = (out: Writer): Writer => {
      this.#emit.priceOfLocal(t, price, shift)
      return out
    }
    if (this.#counters !== undefined) this.#count(this.#counters.gas(this.#function), amount)
    if (probe !== NOWHERE) this.#count(probe, amount)
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

  /** Behind the body: the stops that its loops branch to. */
  #writeStops(positions: Positions | undefined): void {
    const out = this.#emit.out
    positions?.made(out.length)
    out.byte(OP.return)
    for (let i = 0; i < this.#stops; i++) {
      // One stop of many checks is of no instruction
      if (this.#stops === this.#checked.length) positions?.made(out.length, this.#checked[i] as number)
      out.byte(OP.end).byte(OP.localGet).u32(this.#gas).byte(OP.globalSet).u32(this.#layout.gasGlobal).byte(OP.unreachable)
    }
  }

  /** Writes the new body into a code section, its size before it. Gives the size. */
  write(body: Body, section: Writer): number {
    const layout = this.#layout
    const { module } = layout
    const prices = this.#prices
    const code = this.#code.read(module, body)
    const { params } = code
    this.#function = body.index
    const positions = this.#positions?.index === body.index ? this.#positions : undefined
    this.#gas = params
    this.#stack = params + 1
    const emit = this.#emit
    emit.begin(code.locals.length + 2)
    const fixes = code.makesNan ? this.#nans.of(module, code) : NO_FIXES
    const charges = this.#segments.of(code, prices)
    const { out } = emit
    const { bytes } = module
    const { count, codes, at, imm } = code

    const counting = this.#counters?.next(code)
    positions?.made(0, body.start)
    this.#enter(charges.cost[0] as number, code.weight)
    // A branch to the function's own label must pass by the gas that is given back
    const wrapped = code.leaves
    const checks = charges.checks - 1
    // A profile stops on the spot, which its stack then tells
    const tail = this.#counters === undefined && checks > 0 && checks * code.locals.length <= TAIL_MERGES
    this.#stops = !tail ? 0 : checks <= OWN_STOPS ? checks : 1
    this.#checked.length = 0
    this.#depth = wrapped ? 1 : 0
    for (let i = 0; i < this.#stops; i++) out.byte(OP.block).byte(0x40)
    if (wrapped) blockOf(out.byte(OP.block), body.type.results, layout.blockType)

    const flush = (from: number, to: number): Writer => {
      positions?.copied(out.length, from)
      out.copy(bytes, from, to)
      positions?.made(out.length, to)
      return out
    }
    let copied = body.start
    let nextFix = 0
    let fixAt = fixes[0]?.at ?? NOWHERE
    let nextCharge = 1
    let chargeAt = charges.count > 1 ? (charges.at[1] as number) : NOWHERE
    let nextProbe = 0
    for (let i = 0; i < count; i++) {
      const here = at[i] as number
      if (i === fixAt) {
        const fix = fixes[nextFix] as Fixes
        flush(copied, here)
        copied = here
        for (const [local, kind] of fix.locals) emit.canonicalLocal(kind, local < params ? local : local + 2)
        if (fix.kinds.length > 0) emit.canonicalStack(fix.stack, fix.kinds)
        fixAt = fixes[++nextFix]?.at ?? NOWHERE
      }
      if (i === chargeAt) {
        flush(copied, here)
        copied = here
        this.#charge(charges.cost[nextCharge] as number, charges.check[nextCharge] === 1, here)
        nextCharge++
        chargeAt = nextCharge < charges.count ? (charges.at[nextCharge] as number) : NOWHERE
      }
      let probe = NOWHERE
      if (counting !== undefined) {
        for (let next = counting.probes[nextProbe]; next?.at === i; next = counting.probes[++nextProbe]) {
          const global = counting.first + nextProbe
          if (next.operand) probe = global
          else {
            flush(copied, here)
            copied = here
            this.#countLine(global)
          }
        }
      }
      const op = codes[i] as number
      if (op === OP.block || op === OP.loop || op === OP.if) this.#depth++
      else if (op === OP.end) this.#depth--
      switch (op) {
        case OP.localGet:
        case OP.localSet:
        case OP.localTee:
          if ((imm[i] as number) < params) continue
          flush(copied, here)
            .byte(op)
            .u32((imm[i] as number) + 2)
          break
        case OP.globalGet:
        case OP.globalSet:
          if (!layout.shared) continue
          flush(copied, here)
            .byte(op)
            .u32(layout.global(imm[i] as number))
          break
        case OP.call:
        case OP.callIndirect:
          flush(copied, here)
          this.#call(op, imm[i] as number)
          break
        case OP.refFunc:
          layout.referenced.add(layout.callee(imm[i] as number))
          flush(copied, here)
            .byte(op)
            .u32(layout.callee(imm[i] as number))
          break
        case OP.return:
          flush(copied, here).byte(OP.localGet).u32(this.#gas).byte(op)
          break
        case OP.memoryGrow:
          flush(copied, here)
          this.#dynamic(i, prices.growPage, 0, probe)
          copied = here
          continue
        case OP.memoryCopy:
        case OP.memoryFill:
        case OP.memoryInit:
          flush(copied, here)
          this.#dynamic(i, prices.bulk64, 6, probe)
          copied = here
          continue
        case OP.tableGrow:
        case OP.tableCopy:
        case OP.tableInit:
        case OP.tableFill:
          flush(copied, here)
          this.#dynamic(i, prices.tableElement, 0, probe)
          copied = here
          continue
        default:
          continue
      }
      copied = at[i + 1] as number
    }
    flush(copied, at[count - 1] as number)
    if (wrapped) out.byte(OP.end)
    out.byte(OP.localGet).u32(this.#gas)
    if (this.#stops > 0) this.#writeStops(positions)
    out.byte(OP.end)
    const size = emit.finish(body, section)
    positions?.moved(section.length - out.length)
    return size
  }

  #dynamic(i: number, price: number, shift: number, probe: number): void {
    if (((this.#code.marks[i] as number) & MARK.dead) === 0) this.#chargeByOperand(price, shift, probe)
  }
}
