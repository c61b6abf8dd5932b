/** Builds components with the toolchains of other languages that this machine has. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { componentEmbed, componentNew } from '@bytecodealliance/jco'
import { KEYVALUE_WIT } from '../../runtime/host/wasi/standard/keyvalue.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const source = (name: string): string => here(`../../examples/foreign/${name}`)

/** The adapter from WASI preview 1 to 0.2 that jco ships. */
const adapter = (): Uint8Array => readFileSync(here('../../node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.command.wasm'))

function inFolder<T>(run: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-foreign-'))
  const clean = (): void => rmSync(folder, { recursive: true, force: true })
  let out: T
  try {
    out = run(folder)
  } catch (error) {
    clean()
    throw error
  }
  if (out instanceof Promise) return out.finally(clean) as T
  clean()
  return out
}

function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): void {
  execFileSync(command, [...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  })
}

const component = async (core: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await componentNew(core, [['wasi_snapshot_preview1', adapter()]]))

/** C with clang and wasi-libc (Debian: clang lld wasi-libc libclang-rt-dev-wasm32). */
export const buildC = (): Promise<Uint8Array> =>
  inFolder(async (folder) => {
    const core = join(folder, 'core.wasm')
    run('clang', ['--target=wasm32-wasi', '--sysroot=/usr', '-Os', '-Wl,--strip-all', source('lines.c'), '-o', core])
    return component(readFileSync(core))
  })

const LINES_WIT = 'package t:lines; interface work { fall: func(n: u32) -> u32; sum: func(n: u32) -> u32; } world lines { export work; }'

/** C without a library, with the line tables of a version of DWARF; its path is the same on every machine. */
export const buildLines = (version: 4 | 5): Promise<Uint8Array> =>
  inFolder(async (folder) => {
    const core = join(folder, 'core.wasm')
    const flags = [`-gdwarf-${version}`, '-O1', '-fno-optimize-sibling-calls', '-nostdlib', '-Wl,--no-entry']
    run('clang', ['--target=wasm32', ...flags, `-fdebug-prefix-map=${folder}=/src`, 'line-tables.c', '-o', core], {
      cwd: copied(folder, here('./line-tables.c')),
    })
    const embedded = await componentEmbed({ binary: readFileSync(core), witSource: LINES_WIT, world: 'lines' })
    return new Uint8Array(await componentNew(embedded, []))
  })

function copied(folder: string, file: string): string {
  copyFileSync(file, join(folder, basename(file)))
  return folder
}

/** Go's own port to WASI preview 1. */
export const buildGo = (): Promise<Uint8Array> =>
  inFolder(async (folder) => {
    const core = join(folder, 'core.wasm')
    run('go', ['build', '-ldflags=-s -w', '-o', core, source('digest.go')], {
      env: { GOOS: 'wasip1', GOARCH: 'wasm', GOFLAGS: '-mod=mod' },
    })
    return component(readFileSync(core))
  })

/** Rust's target wasm32-wasip2 makes components itself. */
export const buildRust = (): Promise<Uint8Array> =>
  inFolder(async (folder) => {
    const out = join(folder, 'out.wasm')
    run('rustc', [
      '--edition',
      '2021',
      '--target',
      'wasm32-wasip2',
      '-C',
      'opt-level=z',
      '-C',
      'lto',
      '-C',
      'panic=abort',
      '-C',
      'strip=symbols',
      source('words.rs'),
      '-o',
      out,
    ])
    return new Uint8Array(readFileSync(out))
  })

type Componentize = (
  source: string,
  options: { readonly witWorld: string; readonly worldName: string; readonly disableFeatures?: readonly string[] },
) => Promise<{ readonly component: Uint8Array }>

async function componentize(): Promise<Componentize> {
  // The build of componentize-js whose engine speaks wasi:http before 0.2.10; jco brings both
  const { componentize: run } = (await import('@bytecodealliance/componentize-js-0-19-3' as string)) as { componentize: Componentize }
  return run
}

/** WASI 0.2.3 as nested packages, without the header of the file. */
const nestedWasi = (): string => {
  const text = readFileSync(here('../../guest/wit/deps/wasi-http@0.2.3.wit'), 'utf8')
  return text.slice(text.indexOf('package wasi:io@'))
}

/** JavaScript of the `wasi:http/proxy` world: componentize-js, 12 MB of engine. */
export async function buildJsFunction(): Promise<Uint8Array> {
  const make = await componentize()
  const witWorld = `package local:app;\nworld app { include wasi:http/proxy@0.2.3; }\n${nestedWasi()}`
  return new Uint8Array((await make(readFileSync(source('app.js'), 'utf8'), { witWorld, worldName: 'app' })).component)
}

/** The same with `wasi:keyvalue`. */
export async function buildJsBuckets(): Promise<Uint8Array> {
  const make = await componentize()
  const imports = ['store', 'atomics', 'batch'].map((of) => `import wasi:keyvalue/${of}@0.2.0-draft2;`).join(' ')
  const witWorld = `package local:app;\nworld app { include wasi:http/proxy@0.2.3; ${imports} }\n${nestedWasi()}\n${KEYVALUE_WIT}`
  return new Uint8Array((await make(readFileSync(source('buckets.js'), 'utf8'), { witWorld, worldName: 'app' })).component)
}

/** A JavaScript library without any feature of the outside. */
export async function buildJsLibrary(): Promise<Uint8Array> {
  const make = await componentize()
  const witWorld = readFileSync(source('words.wit'), 'utf8')
  const disableFeatures = ['http', 'fetch-event', 'random', 'stdio', 'clocks']
  return new Uint8Array(
    (await make(readFileSync(source('words.js'), 'utf8'), { witWorld, worldName: 'words-world', disableFeatures })).component,
  )
}

/** Python: componentize-py of PyPI, found on the path or named by COMPONENTIZE_PY. */
export const buildPython = (): Promise<Uint8Array> =>
  inFolder(async (folder) => {
    const out = join(folder, 'out.wasm')
    const tool = process.env['COMPONENTIZE_PY'] ?? 'componentize-py'
    writeFileSync(join(folder, 'app.py'), readFileSync(source('words.py')))
    run(tool, ['-d', source('words.wit'), '-w', 'words-world', 'componentize', 'app', '-o', out], { cwd: folder })
    return new Uint8Array(readFileSync(out))
  })
