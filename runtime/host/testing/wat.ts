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
