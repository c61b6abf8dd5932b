/** Instances of the module of assembly/ed25519-tables.ts, compiled once. */
import { ED25519_TABLES_WASM } from './wasm.ts'

export interface Exports {
  readonly memory: WebAssembly.Memory
  base(): number
  tableBytes(): number
  itemBytes(): number
  prepare(table: number, key: number): number
  run(items: number, count: number): void
  times(at: number): number
}

let module: WebAssembly.Module | undefined

/** An instance with a memory of its own. */
export function newInstance(): Exports {
  module ??= new WebAssembly.Module(Buffer.from(ED25519_TABLES_WASM, 'base64'))
  return new WebAssembly.Instance(module).exports as unknown as Exports
}
