/** Whether an instance can be made as new: its memory by copying, its globals by `utnet:reset`, and nothing else may have changed. */
import { Instructions, OP, type CoreModule } from '../wasm/index.ts'

/** Instructions that change what no reset brings back: table entries, and segments that are dropped. */
const LASTING: ReadonlySet<number> = new Set([
  OP.tableSet,
  OP.tableGrow,
  OP.tableFill,
  OP.tableCopy,
  OP.tableInit,
  OP.dataDrop,
  OP.elemDrop,
])

/** True when a used instance of the module is as new once its memory is copied back and `utnet:reset` was called. */
export function isPoolable(module: CoreModule): boolean {
  if (module.tables.length === 0 && module.elements.length === 0 && module.data.length === 0) return true
  for (const body of module.bodies) {
    const walk = new Instructions(module, body)
    while (walk.step()) if (LASTING.has(walk.code)) return false
  }
  return true
}
