/** For tests: core modules and components from text. */
import { parse } from '@bytecodealliance/jco'

/** The bytes of a module or component in the text format. */
export async function wat(text: string): Promise<Uint8Array> {
  return new Uint8Array(await parse(text))
}

export interface Loaded {
  readonly exports: Record<string, (...args: unknown[]) => unknown>
  readonly memory: WebAssembly.Memory
  readonly gas: WebAssembly.Global<'i64'>
}

/** An instance of a prepared module without imports. */
export function load(prepared: Uint8Array): Loaded {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(prepared as Uint8Array<ArrayBuffer>))
  return {
    exports: exports as Loaded['exports'],
    memory: exports['memory'] as WebAssembly.Memory,
    gas: exports['utnet:gas'] as WebAssembly.Global<'i64'>,
  }
}

/** A library that looks at nothing. */
export const IDLE = `(component
  (import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result u64)))))
  (core module $m (func (export "f") (result i32) (i32.const 1)))
  (core instance $m (instantiate $m))
  (func $f (result u32) (canon lift (core func $m "f")))
  (export "f" (func $f)))`
