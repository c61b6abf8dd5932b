/** Device `wasm`. */
export { wasmArithmetic, wasmDevice, type ExactGuest, type LazyExact, type WasmOptions } from './device.ts'
export type { ForeignDevice } from './engine.ts'
export type { ExactCode } from './memory.ts'
export { foreignOn } from './foreign.ts'
export { WasmGraph } from './wasm-graph.ts'
