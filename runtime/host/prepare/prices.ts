/** What a module's instructions cost: by the protocol version, and by how far its memory and its code reach. */
import { LIMITS, PARAMS, wasmPrices, type Params, type Reach, type WasmPrices } from '../../core/index.ts'
import type { CoreModule } from '../wasm/index.ts'

/** Pages that a memory, the module's own or one that it imports, grows to at most (without a maximum of its own the limit's; 0 without a memory), and its code. */
export const reachOf = ({ memories, bodies }: CoreModule): Reach => ({
  pages: memories.reduce((n, { max }) => n + Math.min(max ?? LIMITS.memoryPages, LIMITS.memoryPages), 0),
  functions: bodies.length,
  bytes: bodies.reduce((n, { start, end }) => n + end - start, 0),
})

/** Prices of a module. `reach` is that of all that its code may take turns with, where there is more than the module. */
export function pricesOf(module: CoreModule, reach?: Reach, { wasm }: Params = PARAMS): WasmPrices {
  const own = reachOf(module)
  if (reach === undefined) return wasmPrices(wasm, own)
  const { max } = Math
  const all = { pages: max(reach.pages, own.pages), functions: max(reach.functions, own.functions), bytes: max(reach.bytes, own.bytes) }
  return wasmPrices(wasm, all)
}
