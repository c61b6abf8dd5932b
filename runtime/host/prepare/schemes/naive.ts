/**
 * The naive scheme, oracle of the optimised one: gas and stack live in globals, each straight line is charged at its
 * beginning and the counter looked at, the result of each arithmetic float instruction is fixed at once.
 */
import type { WasmPrices } from '../../../core/index.ts'
import { OP, priceOf, Writer, type Body, type Opcode } from '../../wasm/index.ts'
import { FunctionCode, ENDS, localsPrice } from '../code/index.ts'
import { blockOf, Emitter, trapIfNegative } from './emit.ts'
import type { Layout } from './layout.ts'

/** Body of the function (i64) -> () that charges and checks. */
export function takeBody(gasGlobal: number): Uint8Array {
  const w = new Writer().byte(0)
  w.byte(OP.globalGet).u32(gasGlobal).u8(OP.localGet, 0, OP.i64Sub, OP.localTee, 0, OP.globalSet).u32(gasGlobal).u8(OP.localGet, 0)
  return trapIfNegative(w, OP.i64LtS).byte(OP.end).bytes()
}

export class NaiveBodies {
  readonly #layout: Layout
  readonly #prices: WasmPrices
  readonly #emit = new Emitter()
  readonly #code = new FunctionCode()
  /** The function (i64) -> () that charges and checks. */
  readonly #take: number

  constructor(layout: Layout, prices: WasmPrices) {
    this.#layout = layout
    this.#prices = prices
    this.#take = layout.add(layout.type({ params: 'l', results: '' }), takeBody(layout.gasGlobal))
  }

  #charge(cost: number): void {
    const { gasGlobal } = this.#layout
    const t = this.#emit.scratch('l')
    const w = this.#emit.out.byte(OP.globalGet).u32(gasGlobal).byte(OP.i64Const).signed(cost).u8(OP.i64Sub, OP.localTee).u32(t)
    trapIfNegative(w.byte(OP.globalSet).u32(gasGlobal).byte(OP.localGet).u32(t), OP.i64LtS)
  }

  #enter(weight: number, results: string): void {
    const { stackGlobal, blockType } = this.#layout
    const t = this.#emit.scratch('i')
    const w = this.#emit.out.byte(OP.globalGet).u32(stackGlobal).byte(OP.i32Const).signed(weight).u8(OP.i32Sub, OP.localTee).u32(t)
    trapIfNegative(w.byte(OP.globalSet).u32(stackGlobal).byte(OP.localGet).u32(t), OP.i32LtS)
    blockOf(w.byte(OP.block), results, blockType)
  }

  #leave(weight: number): void {
    const { stackGlobal } = this.#layout
    const w = this.#emit.out.u8(OP.end, OP.globalGet).u32(stackGlobal).byte(OP.i32Const).signed(weight)
    w.u8(OP.i32Add, OP.globalSet).u32(stackGlobal).byte(OP.end)
  }

  /** Charges by the u32 on top, which stays: `price` for each unit of 2^shift, begun. */
  #chargeByOperand(price: number, shift: number): void {
    const emit = this.#emit
    const t = emit.scratch('i')
    const w = emit.out.byte(OP.localTee).u32(t)
    emit.priceOfLocal(t, price, shift)
    w.byte(OP.call).u32(this.#take)
  }

  /** What each straight line costs, by the instruction that it begins with. */
  #costs({ count, codes, opcodes, body }: FunctionCode): ReadonlyMap<number, number> {
    const costs = new Map<number, number>()
    let first = 0
    let cost = localsPrice(body?.localCount ?? 0, this.#prices)
    for (let i = 0; i < count; i++) {
      cost += priceOf((opcodes[i] as Opcode).price, this.#prices)
      if (!ENDS.has(codes[i] as number)) continue
      if (cost > 0) costs.set(first, cost)
      first = i + 1
      cost = 0
    }
    return costs
  }

  /** Writes the new body into a code section, its size before it. Gives the size. */
  write(body: Body, section: Writer): number {
    const layout = this.#layout
    const { module } = layout
    const prices = this.#prices
    const code = this.#code.read(module, body)
    const costs = this.#costs(code)
    const emit = this.#emit
    const { out } = emit
    emit.begin(code.locals.length)
    this.#enter(code.weight, body.type.results)
    // Blocks that are open, the function's own counted
    let depth = 1
    for (let i = 0; i < code.count; i++) {
      const op = code.codes[i] as number
      const from = code.at[i] as number
      const to = code.at[i + 1] as number
      const cost = costs.get(i)
      if (cost !== undefined) this.#charge(cost)
      switch (op) {
        case OP.return:
          // The function's own label is now that of the block around its body
          out.byte(OP.br).u32(depth - 1)
          continue
        case OP.globalGet:
        case OP.globalSet:
          out.byte(op).u32(layout.global(code.imm[i] as number))
          continue
        case OP.refFunc:
          layout.referenced.add(layout.callee(code.imm[i] as number))
          out.byte(op).u32(layout.callee(code.imm[i] as number))
          continue
        case OP.call:
          out.byte(op).u32(layout.callee(code.imm[i] as number))
          continue
        case OP.memoryGrow:
          this.#chargeByOperand(prices.growPage, 0)
          break
        case OP.memoryCopy:
        case OP.memoryFill:
        case OP.memoryInit:
          this.#chargeByOperand(prices.bulk64, 6)
          break
        case OP.tableGrow:
        case OP.tableCopy:
        case OP.tableInit:
        case OP.tableFill:
          this.#chargeByOperand(prices.tableElement, 0)
          break
        case OP.block:
        case OP.loop:
        case OP.if:
          depth++
          break
        case OP.end:
          depth--
          if (depth > 0) break
          this.#leave(code.weight)
          continue
      }
      out.copy(module.bytes, from, to)
      const { nan } = code.opcodes[i] as Opcode
      if (nan !== undefined) emit.canonical(nan)
    }
    return emit.finish(body, section)
  }
}
