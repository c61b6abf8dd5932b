/** For tests: the guest `exact`, built from its sources (kept beside node_modules by their hash), prepared, and its kernels called as they are. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildGuest } from '../../../host/build/index.ts'
import { preparedModules } from '../../../host/run/instances/prepared.ts'

const root = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url))
const GUEST = root('guest/operators/exact')
const CACHE = root('node_modules/.cache/utnet')

function sourcesHash(): string {
  const hash = createHash('sha256')
  for (const folder of [GUEST, root('guest/sdk/assembly')]) {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile())
      .map((e) => `${e.parentPath}/${e.name}`)
      .sort()
    for (const file of files) hash.update(file.slice(folder.length)).update('\0').update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex')
}

/** The component. */
export async function exactComponent(): Promise<Uint8Array> {
  const file = `${CACHE}/exact-${sourcesHash()}.wasm`
  if (existsSync(file)) return new Uint8Array(readFileSync(file))
  const { component } = await buildGuest({ dir: GUEST })
  mkdirSync(CACHE, { recursive: true })
  // whole or not at all: tests run side by side
  writeFileSync(`${file}.${process.pid}`, component)
  renameSync(`${file}.${process.pid}`, file)
  return component
}

/** The core module that runs: metered, NaNs canonical. */
export async function exactModule(): Promise<WebAssembly.Module> {
  const [prepared] = preparedModules(await exactComponent())
  return new WebAssembly.Module(prepared as Uint8Array<ArrayBuffer>)
}
