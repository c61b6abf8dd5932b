/** For tests: the guest that device `wasm` runs, built from its sources. */
import { preparedModules, withSharedMemory } from '../../../host/index.ts'
import { fileCid } from '../../../core/index.ts'
import { exactComponent } from '../../operators/testing/exact-guest.ts'
import type { ExactGuest } from '../wasm/index.ts'

let made: Promise<ExactGuest> | undefined

export function exactForTests(): Promise<ExactGuest> {
  return (made ??= make())
}

async function make(): Promise<ExactGuest> {
  const component = await exactComponent()
  const { bytes, ...pages } = withSharedMemory(preparedModules(component)[0] as Uint8Array)
  return { component: fileCid(component).toString(), compiled: new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), ...pages }
}
