/** Code for every function of a module at once. */
import { setFlagsFromString } from 'node:v8'

/**
 * Compiles a module with all its functions. The engine would leave each to its first call, which takes microseconds that no gas pays for: who published many
 * contracts could have all of them compiled within one block. So who publishes it, or calls it when it is no longer ready, pays (`readyByte`), and the work is done then.
 * On this thread, since what the engine is told holds for the whole process.
 */
export function compileWhole(bytes: Uint8Array): WebAssembly.Module {
  setFlagsFromString('--no-wasm-lazy-compilation')
  try {
    return new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
  } finally {
    setFlagsFromString('--wasm-lazy-compilation')
  }
}
