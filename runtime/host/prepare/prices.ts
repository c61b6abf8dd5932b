/** What a module's instructions cost: by the protocol version, and by how far its memory and its code reach. */
import { LIMITS, PARAMS, wasmPrices, type Params, type Reach, type WasmPrices } from '../../core/index.ts'
import type { CoreModule } from '../wasm/index.ts'

/** Pages that a memory, the module's own or one that it imports, grows to at most (without a maximum of its own the limit's; 0 without a memory), and its code. */
export const reachOf = ({ memories, bodies, codeBytes }: CoreModule): Reach => ({
  pages: memories.reduce((n, { max }) => n + Math.min(max ?? LIMITS.memoryPages, LIMITS.memoryPages), 0),
  functions: bodies.length,
  bytes: codeBytes,
})

/** Prices of a module. `reach` is that of all that its code may take turns with, where there is more than the module. */
export function pricesOf(module: CoreModule, reach?: Reach, { wasm }: Params = PARAMS): WasmPrices {
  const own = reachOf(module)
  if (reach === undefined) return wasmPrices(wasm, own)
  const { max } = Math
  const all = { pages: max(reach.pages, own.pages), functions: max(reach.functions, own.functions), bytes: max(reach.bytes, own.bytes) }
  return wasmPrices(wasm, all)
}

/** Gas of making an instance: as if the guest grew and filled its own memory and table. `reach` as above. */
export function instanceGas(module: CoreModule, reach?: Reach): number {
  const { memories, tables, data, elements, imports } = module
  const { growPage, bulk64, tableElement } = pricesOf(module, reach)
  const own = <T>(all: readonly T[], kind: 'memory' | 'table'): readonly T[] => all.slice(imports.filter((i) => i.kind === kind).length)
  const pages = own(memories, 'memory').reduce((n, m) => n + m.min, 0)
  const filled = data.reduce((n, s) => n + (s.at === undefined ? 0 : Math.ceil(s.length / 64)), 0)
  const slots = own(tables, 'table').reduce((n, t) => n + t.min, 0) + elements.reduce((n, s) => n + s.length, 0)
  return pages * growPage + filled * bulk64 + slots * tableElement
}

/** Gas of what the engine makes one by one for an instance of a guest that may run in a block, beside what ordinary guests have of it. */
export function itemsGas({ data, elements, imports, exports, bodies, globals, types }: CoreModule): number {
  const { imported, exported, defined, item, free } = PARAMS.instance
  const items = globals.length + data.length + elements.length + types.length
  return Math.max(0, imports.length * imported + exports.length * exported + bodies.length * defined + items * item - free)
}
