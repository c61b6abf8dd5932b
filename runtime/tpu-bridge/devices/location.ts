/** Where the files lie that a device loads by path: beside the sources, or beside the bundle. The one place that knows. */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const WASM = 'ort-wasm-simd-threaded.wasm'
const bundled = !import.meta.url.endsWith('.ts')

/** Path of ONNX Runtime's wasm: in its package when run from source, beside the bundle otherwise. */
export function runtimeWasmPath(): string {
  if (bundled) return fileURLToPath(new URL(`./${WASM}`, import.meta.url))
  return createRequire(import.meta.url).resolve(`onnxruntime-web/${WASM}`)
}

/** The entry of a device thread: `device-worker.ts`, or the `device-worker.js` that the build puts beside the bundle. */
export function deviceWorkerUrl(): URL {
  return new URL(bundled ? './device-worker.js' : './device-worker.ts', import.meta.url)
}

/** The entry of a device process. */
export function deviceProcessUrl(): URL {
  return new URL(bundled ? './device-process.js' : './device-process.ts', import.meta.url)
}

/** The entry of the thread that watches a device process. */
export function deviceWatchUrl(): URL {
  return new URL(bundled ? './device-watch.js' : './device-watch.ts', import.meta.url)
}

/** The entry of a thread that does a share of a model on `wasm`. */
export function crewWorkerUrl(): URL {
  return new URL(bundled ? './crew-worker.js' : './wasm/crew-worker.ts', import.meta.url)
}

/** The entry of the thread that hashes tensors. */
export function hashWorkerUrl(): URL {
  return new URL(bundled ? './hash-worker.js' : './hash-thread/hash-worker.ts', import.meta.url)
}

/** The component that `wasm` runs, as it was built (`node packaging/exact-wasm.ts`). */
export function exactComponentPath(): string {
  return fileURLToPath(new URL(bundled ? './exact.wasm' : './wasm/exact.wasm', import.meta.url))
}
