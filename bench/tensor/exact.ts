/** The guest that device `wasm` runs, built from its sources. */
import { fileCid } from '../../runtime/core/index.ts'
import { preparedModules, withSharedMemory } from '../../runtime/host/index.ts'
import type { ExactGuest } from '../../runtime/tpu-bridge/index.ts'
import { exactComponent } from '../../runtime/tpu-bridge/operators/testing/exact-guest.ts'

export async function exactGuest(): Promise<ExactGuest> {
  const component = await exactComponent()
  const { bytes, ...pages } = withSharedMemory(preparedModules(component)[0] as Uint8Array)
  return { component: fileCid(component).toString(), compiled: new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), ...pages }
}
