/** Where gas is charged within a function. A scheme decides the places; what is charged for a completed run is the same in all of them. */
import type { Params } from '../../core/index.ts'
import { Instructions, OP, priceOf, type Body, type CoreModule } from '../wasm/index.ts'

export interface Charge {
  /** Offset of the instruction before which gas is charged. */
  readonly at: number
  readonly cost: number
}

/** Charges of a function in order of their place; each is followed by a check of the counter. */
export type GasScheme = (module: CoreModule, body: Body, prices: Params['wasm']) => readonly Charge[]

/** The instructions behind which a straight line ends. */
const ENDS: ReadonlySet<number> = new Set([OP.loop, OP.if, OP.else, OP.end, OP.br, OP.brIf, OP.brTable, OP.return, OP.unreachable])

/** Locals that are zeroed for the price of one instruction. */
const LOCALS_PER_CHARGE = 4

/**
 * One charge for each straight line of instructions, at its beginning. The oracle of faster schemes.
 * Entering a function also pays for its declared locals, which are zeroed.
 */
export const naiveScheme: GasScheme = (module, body, prices) => {
  const charges: Charge[] = []
  let at = body.start
  let cost = Math.floor(body.localCount / LOCALS_PER_CHARGE) * prices.base
  const walk = new Instructions(module, body)
  while (walk.step()) {
    cost += priceOf(walk.opcode.price, prices)
    if (!ENDS.has(walk.code)) continue
    if (cost > 0) charges.push({ at, cost })
    at = walk.next
    cost = 0
  }
  return charges
}
