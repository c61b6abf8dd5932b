/** Random modules: binaryen's `wasm-opt -ttf`, which makes a valid module of any bytes, run in this process. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { compileFunction } from 'node:vm'
import { sha256 } from '../../../runtime/core/index.ts'

/** Features that the validator lets in. */
const FEATURES = [
  '--mvp-features',
  '--enable-mutable-globals',
  '--enable-sign-ext',
  '--enable-nontrapping-float-to-int',
  '--enable-bulk-memory',
  '--enable-multivalue',
  '--enable-reference-types',
  '--enable-simd',
]

/** `count` bytes that follow from seed and number alone. */
export function seededBytes(seed: number, number: number, count: number): Uint8Array {
  const out = new Uint8Array(count)
  for (let at = 0, block = 0; at < count; at += 32, block++) {
    out.set(sha256(new TextEncoder().encode(`${seed}/${number}/${block}`)).subarray(0, Math.min(32, count - at)), at)
  }
  return out
}

interface Binaryen {
  readonly run: (Module: object, require: NodeJS.Require, process: object, dirname: string) => void
  readonly compiled: WebAssembly.Module
}

let binaryen: Binaryen | undefined

/** The tool is a script that runs itself; its machine code is compiled once and instantiated for each run. */
function load(): Binaryen {
  if (binaryen !== undefined) return binaryen
  const path = join(dirname(createRequire(import.meta.url).resolve('binaryen')), 'bin/wasm-opt')
  const script = readFileSync(path, 'utf8').replace(/^#!.*\n/, '')
  const embedded = /base64Decode\("([A-Za-z0-9+/=]+)"\)/.exec(script)?.[1]
  if (embedded === undefined) throw new Error('wasm-opt has no module inside')
  binaryen = {
    run: compileFunction(script, ['Module', 'require', 'process', '__dirname']) as Binaryen['run'],
    compiled: new WebAssembly.Module(Buffer.from(embedded, 'base64')),
  }
  return binaryen
}

/** Runs wasm-opt. Throws where it ends with another code than 0. */
function wasmOpt(args: readonly string[]): void {
  const { run, compiled } = load()
  const said: string[] = []
  const host = Object.create(process, {
    argv: { value: ['node', 'wasm-opt', ...args] },
    exitCode: { value: 0, writable: true },
    on: { value: () => undefined },
  }) as { exitCode: number }
  const Module = {
    print: (line: string) => said.push(line),
    printErr: (line: string) => said.push(line),
    instantiateWasm: (imports: WebAssembly.Imports, receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void) => {
      receive(new WebAssembly.Instance(compiled, imports), compiled)
      return {}
    },
  }
  try {
    run(Module, createRequire(import.meta.url), host, '/')
  } catch (error) {
    // Its own way to end
    if ((error as { name?: string }).name !== 'ExitStatus') throw error
  }
  if (host.exitCode !== 0) throw new Error(`wasm-opt ended with ${host.exitCode}: ${said.join('\n').slice(0, 500)}`)
}

/** Runs wasm-opt from bytes to a module. */
function made(input: Uint8Array, args: readonly string[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'prove-'))
  try {
    const [from, to] = [join(folder, 'in'), join(folder, 'out.wasm')]
    writeFileSync(from, input)
    wasmOpt([from, '--quiet', ...args, ...FEATURES, '-o', to])
    return new Uint8Array(readFileSync(to))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Module `number` of a seed; the same on every machine. */
export function randomModule(seed: number, number: number): Uint8Array {
  return made(seededBytes(seed, number, 64 + ((number * 797) % 4_000)), ['-ttf'])
}

/** The same program where every NaN becomes 0 at once: nothing in it can depend on the bits of a NaN. */
export function withoutNans(module: Uint8Array): Uint8Array {
  return made(module, ['--denan'])
}
