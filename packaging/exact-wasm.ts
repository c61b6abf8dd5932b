/** Builds the guest that device `wasm` runs: `node packaging/exact-wasm.ts` writes the file that the package brings; a test holds it equal to its sources. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildGuest } from '../runtime/host/build/index.ts'

/** Where it lies among the sources. */
export const EXACT_WASM = fileURLToPath(new URL('../runtime/tpu-bridge/devices/wasm/exact.wasm', import.meta.url))

/** The component of `guest/operators/exact`. */
export async function buildExact(): Promise<Uint8Array> {
  return (await buildGuest({ dir: fileURLToPath(new URL('../guest/operators/exact', import.meta.url)) })).component
}

if (import.meta.main) writeFileSync(EXACT_WASM, await buildExact())
