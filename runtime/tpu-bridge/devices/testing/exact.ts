/** For tests: the guest that device `wasm` runs, built from its sources. */
import { preparedModules, withSharedMemory } from '../../../host/index.ts'
import { fileCid } from '../../../core/index.ts'
import { exactComponent } from '../../operators/testing/exact-guest.ts'
import type { ExactGuest, LazyExact } from '../wasm/index.ts'

let made: Promise<ExactGuest & LazyExact> | undefined

export function exactForTests(): Promise<ExactGuest & LazyExact> {
  return (made ??= make())
}

async function make(): Promise<ExactGuest & LazyExact> {
  const component = await exactComponent()
  const { bytes, ...pages } = withSharedMemory(preparedModules(component)[0] as Uint8Array)
  const ready = { compiled: new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), ...pages }
  return { component: fileCid(component).toString(), ...ready, ready: () => ready, code: () => ({ code: bytes, ...pages }) }
}
