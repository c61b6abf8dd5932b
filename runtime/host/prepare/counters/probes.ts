/** Where the profiling variant counts, finer than by function: one probe a straight line, one an instruction that costs by its operand. */
import type { WasmPrices } from '../../../core/index.ts'
import { OP, pricesByCode, type CoreModule } from '../../wasm/index.ts'
import { FunctionCode, MARK, ENDS, localsPrice } from '../code/index.ts'

/** A place among a function's instructions. */
export interface Probe {
  /** Instruction before which it stands. */
  readonly at: number
  /** Counts the gas that the instruction costs by its operand; else how often the straight line that begins here was entered. */
  readonly operand: boolean
}

const BY_OPERAND: ReadonlySet<number> = new Set([
  OP.memoryGrow,
  OP.memoryCopy,
  OP.memoryFill,
  OP.memoryInit,
  OP.tableGrow,
  OP.tableCopy,
  OP.tableInit,
  OP.tableFill,
])

/** Probes of a function in order. A straight line is that of the naive scheme, whose prices belong to the instructions; one that is free has none. */
export function probesOf({ count, codes, marks, body }: FunctionCode, prices: WasmPrices): readonly Probe[] {
  const byCode = pricesByCode(prices)
  const probes: Probe[] = []
  let operands: Probe[] = []
  let first = 0
  let cost = localsPrice(body?.localCount ?? 0, prices)
  for (let i = 0; i < count; i++) {
    const code = codes[i] as number
    if (((marks[i] as number) & MARK.dead) === 0) {
      cost += byCode[code] as number
      if (BY_OPERAND.has(code)) operands.push({ at: i, operand: true })
    }
    if (!ENDS.has(code)) continue
    if (cost > 0) probes.push({ at: first, operand: false })
    probes.push(...operands)
    operands = []
    first = i + 1
    cost = 0
  }
  return probes
}

/** How many probes a module has in all. */
export function probeCount({ bodies, ...module }: CoreModule, prices: WasmPrices): number {
  const code = new FunctionCode()
  let n = 0
  for (const body of bodies) n += probesOf(code.read({ bodies, ...module }, body), prices).length
  return n
}

/** What an instruction was charged. */
export interface Charged {
  /** Of the function, imports first. */
  readonly index: number
  /** Of the instruction, in the module's bytes. */
  readonly at: number
  readonly gas: bigint
  readonly executions: bigint
}

/** What the instructions of a module were charged, from what its probes counted; those that were not reached, or are free, are left out. */
export function* chargedBy(module: CoreModule, counts: readonly bigint[], prices: WasmPrices): Generator<Charged> {
  const byCode = pricesByCode(prices)
  const code = new FunctionCode()
  let n = 0
  for (const body of module.bodies) {
    code.read(module, body)
    const { index } = body
    for (const { at: first, operand } of probesOf(code, prices)) {
      const counted = counts[n++] ?? 0n
      if (counted <= 0n) continue
      if (operand) {
        yield { index, at: code.at[first] as number, gas: counted, executions: 0n }
        continue
      }
      const locals = first === 0 ? localsPrice(body.localCount, prices) : 0
      for (let i = first; i < code.count; i++) {
        const price = (byCode[code.codes[i] as number] as number) + (i === 0 ? locals : 0)
        if (price > 0) yield { index, at: code.at[i] as number, gas: BigInt(price) * counted, executions: counted }
        if (ENDS.has(code.codes[i] as number)) break
      }
    }
  }
}
