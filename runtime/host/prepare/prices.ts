/** What a module's instructions cost: by the protocol version, and by how far its memory reaches. */
import { LIMITS, PARAMS, wasmPrices, type Params, type WasmPrices } from '../../core/index.ts'
import type { CoreModule } from '../wasm/index.ts'

/** Pages that a memory, the module's own or one that it imports, grows to at most; without a maximum of its own the limit's. 0 without a memory. */
export const reachOf = ({ memories }: CoreModule): number =>
  memories.reduce((n, { max }) => n + Math.min(max ?? LIMITS.memoryPages, LIMITS.memoryPages), 0)

/** Prices of a module. `reach` are the pages of all memories that its code may take turns with, where there are more than its own. */
export const pricesOf = (module: CoreModule, reach = 0, { wasm }: Params = PARAMS): WasmPrices =>
  wasmPrices(wasm, Math.max(reach, reachOf(module)))
