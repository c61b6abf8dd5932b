/** The guest that device `wasm` runs: the component beside the package, and what of it runs. */
import { existsSync, readFileSync } from 'node:fs'
import { fileCid } from '../../core/index.ts'
import { preparedModules, withSharedMemory } from '../../host/index.ts'
import { exactComponentPath, type LazyExact } from '../../tpu-bridge/index.ts'

/** Of these bytes, or of the file of the package; undefined where it has none. Prepared when it is first used: the node starts without. */
export function exactGuest(component?: Uint8Array): LazyExact | undefined {
  const bytes = component ?? packaged()
  if (bytes === undefined) return undefined
  let known: ReturnType<LazyExact['code']> | undefined
  let ready: ReturnType<LazyExact['ready']> | undefined
  function code(): ReturnType<LazyExact['code']> {
    if (known === undefined) {
      const { bytes: shared, ...pages } = withSharedMemory(preparedModules(bytes as Uint8Array)[0] as Uint8Array)
      known = { code: shared, ...pages }
    }
    return known
  }
  return {
    component: fileCid(bytes).toString(),
    code,
    ready() {
      const { code: shared, ...pages } = code()
      return (ready ??= { compiled: new WebAssembly.Module(shared as Uint8Array<ArrayBuffer>), ...pages })
    },
  }
}

function packaged(): Uint8Array | undefined {
  const path = exactComponentPath()
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined
}
