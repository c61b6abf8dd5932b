/** Makes a module of any size from a small one, and, run as a program, validates and prepares a large one and prints what that took. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { prepareModule } from '../../runtime/host/prepare/index.ts'
import { whitelistBytes } from '../../runtime/host/validate/index.ts'
import { readModule, SECTION, Writer } from '../../runtime/host/wasm/index.ts'

/** SpiderMonkey as componentize-js brings it: 10.5 MB, made by clang, 12,582 functions. */
const LARGE = new URL('../../node_modules/@bytecodealliance/componentize-js/lib/starlingmonkey_embedding.wasm', import.meta.url)

export interface LargeRun {
  readonly seconds: number
  /** The most bytes that the process had in memory. */
  readonly rss: number
  readonly bytes: number
}

/** The module with its functions again and again behind its own, until it has about `size` bytes. Calls go to the first copies. */
export function repeated(bytes: Uint8Array, size: number): Uint8Array {
  const module = readModule(bytes)
  const code = module.bodies.reduce((n, b) => n + b.end - b.start, 0)
  const times = Math.max(1, Math.round(size / code))
  const types = new Map(module.types.map((type, i) => [type, i]))
  const out = new Writer(size * 2).u8(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
  const skip = new Writer().u32(module.bodies.length).length
  for (const { id, start, end } of module.sections) {
    if (id === SECTION.custom) continue
    const w = new Writer().u32(times * module.bodies.length)
    if (id === SECTION.function) {
      for (let i = 0; i < times; i++) for (const { type } of module.bodies) w.u32(types.get(type) as number)
    } else if (id === SECTION.code) {
      for (let i = 0; i < times; i++) w.raw(bytes.subarray(start + skip, end))
    } else w.clear().raw(bytes.subarray(start, end))
    out.section(id, w)
  }
  return out.bytes()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bytes = new Uint8Array(readFileSync(LARGE))
  const from = performance.now()
  prepareModule(whitelistBytes(bytes).module)
  const run: LargeRun = {
    seconds: (performance.now() - from) / 1_000,
    rss: process.resourceUsage().maxRSS * 1_024,
    bytes: bytes.length,
  }
  process.stdout.write(JSON.stringify(run))
}
