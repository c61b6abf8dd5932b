/** AssemblyScript's compiler as a library: sources in, core module or diagnostics out. Nothing is written, nothing exits the process. */

import type * as Assemblyscript from 'assemblyscript'
import { UtnetError } from '../../../core/errors.ts'
import { withoutMapUrl } from './source-map.ts'

type Compiler = typeof Assemblyscript
/** A program whose names are bound. */
export type Program = Assemblyscript.Program

/** Gives the text of a source by its path without extension (`assembly/index`, `@utnet/sdk/http`), with the full path it was found at. */
export type ReadSource = (path: string) => Promise<{ readonly text: string; readonly path: string } | undefined>

/** What the compiler is given. */
export interface CompileOptions {
  /** Path and text of the entry. */
  readonly entry: { readonly path: string; readonly text: string }
  readonly readSource: ReadSource
  /** `stub` never frees (the host resets memory after each run); `minimal` frees when the guest asks. */
  readonly runtime: 'stub' | 'minimal'
  /** Pages that the memory grows to at most, and those that it begins with where its static data need no more. */
  readonly memoryPages: number
  readonly initialMemoryPages: number | undefined
  /** Internal name of the function that `throw`, `abort` and `assert` end in. */
  readonly abort?: string
  /** Called on the syntax trees before names are bound. */
  readonly afterParse?: (compiler: Compiler, program: Program) => void
}

/** What the compiler found wrong, at a place of the author's (lines and columns from 1); `file` is empty where it names no place. */
export interface GuestDiagnostic {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

const LIBRARY = '~lib/'
const EXTENSION = '.ts'

let loaded: Promise<{ compiler: Compiler; library: Record<string, string> }> | undefined

/** The compiler and its standard library, loaded on first use (it brings Binaryen, some 10 MB). */
async function load(): Promise<{ compiler: Compiler; library: Record<string, string> }> {
  const [compiler, asc] = await Promise.all([import('assemblyscript'), import('assemblyscript/asc')])
  const library = { ...(asc.libraryFiles as unknown as Record<string, string>) }
  // The runtime's checks of itself cost a fifth of an allocation; with `noAssert` they would go, but the author's asserts with them.
  const common = library['rt/common'] ?? ''
  const quiet = common.replace('export const DEBUG = true;', 'export const DEBUG = false;')
  if (quiet === common) throw new UtnetError('guest_build', 'the AssemblyScript library has no DEBUG switch: unknown compiler version')
  library['rt/common'] = quiet
  return { compiler, library }
}

function compilerAndLibrary(): ReturnType<typeof load> {
  loaded ??= load()
  return loaded
}

function position(range: Assemblyscript.Range | null): { file: string; line: number; column: number } {
  if (range === null) return { file: '', line: 0, column: 0 }
  const line = range.source.lineAt(range.start)
  return { file: range.source.normalizedPath, line, column: range.source.columnAt() }
}

/** An error of the author, at the place of `range`. */
export function authorError(range: Assemblyscript.Range | null, message: string, hint?: string): UtnetError {
  const at: GuestDiagnostic = { ...position(range), message }
  return diagnosticsError([at], hint)
}

function diagnosticsError(found: readonly GuestDiagnostic[], hint?: string): UtnetError {
  const text = found.slice(0, 10).map((d) => (d.file === '' ? d.message : `${d.file}:${d.line}:${d.column}: ${d.message}`))
  if (found.length > 10) text.push(`and ${found.length - 10} more`)
  return new UtnetError('guest_build', text.join('\n'), { details: { diagnostics: found }, ...(hint === undefined ? {} : { hint }) })
}

function throwDiagnostics(compiler: Compiler, program: Program): void {
  const found: GuestDiagnostic[] = []
  for (;;) {
    const message = compiler.nextDiagnostic(program)
    if (message === null) break
    if (compiler.isError(message)) found.push({ ...position(message.range), message: compiler.getDiagnosticMessage(message) })
  }
  if (found.length > 0) throw diagnosticsError(found)
}

async function parseAll(compiler: Compiler, library: Record<string, string>, program: Program, options: CompileOptions): Promise<void> {
  for (const [path, text] of Object.entries(library)) {
    if (!path.includes('/')) compiler.parse(program, text, LIBRARY + path + EXTENSION, false)
  }
  const runtime = `rt/index-${options.runtime}`
  compiler.parse(program, library[runtime] ?? null, LIBRARY + runtime + EXTENSION, true)
  compiler.parse(program, options.entry.text, options.entry.path + EXTENSION, true)
  for (;;) {
    const next = compiler.nextFile(program)
    if (next === null) break
    const plain = next.startsWith(LIBRARY) ? next.slice(LIBRARY.length) : undefined
    const std = plain === undefined ? undefined : (library[plain] ?? library[`${plain}/index`])
    if (plain !== undefined && std !== undefined) {
      compiler.parse(program, std, LIBRARY + (Object.hasOwn(library, plain) ? plain : `${plain}/index`) + EXTENSION, false)
      continue
    }
    const found = await options.readSource(plain ?? next)
    const prefix = plain === undefined ? '' : LIBRARY
    compiler.parse(program, found?.text ?? null, found === undefined ? next + EXTENSION : prefix + found.path, false)
  }
}

/** Parses and binds names; `use` then reads the program. Throws `guest_build` with file, line and column of each error. */
async function withProgram<T>(options: CompileOptions, use: (compiler: Compiler, program: Program) => T): Promise<T> {
  const { compiler, library } = await compilerAndLibrary()
  const settings = compiler.newOptions()
  compiler.setTarget(settings, 0)
  compiler.setRuntime(settings, options.runtime === 'stub' ? 0 : 1)
  compiler.setDebugInfo(settings, true) // keeps the name section
  compiler.setSourceMap(settings, true)
  compiler.setExportMemory(settings, true)
  compiler.setMaximumMemory(settings, options.memoryPages)
  if (options.initialMemoryPages !== undefined) compiler.setInitialMemory(settings, options.initialMemoryPages)
  compiler.setFeature(settings, compiler.FEATURE_SIMD, true)
  compiler.setOptimizeLevelHints(settings, 3, 0)
  if (options.abort !== undefined) compiler.addGlobalAlias(settings, 'abort', options.abort)
  const program = compiler.newProgram(settings)
  try {
    await parseAll(compiler, library, program, options)
    throwDiagnostics(compiler, program)
    options.afterParse?.(compiler, program)
    compiler.initializeProgram(program)
    throwDiagnostics(compiler, program)
    return use(compiler, program)
  } catch (error) {
    if (error instanceof UtnetError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new UtnetError('guest_build', `the AssemblyScript compiler failed: ${reason}`, { cause: error })
  }
}

/** Reads the program without compiling it: for signatures. What the reading itself reports as wrong is thrown, too. */
export function inspectProgram<T>(options: CompileOptions, use: (compiler: Compiler, program: Program) => T): Promise<T> {
  return withProgram(options, (compiler, program) => {
    try {
      return use(compiler, program)
    } finally {
      throwDiagnostics(compiler, program) // a type that does not resolve, before what follows from it
    }
  })
}

/** A core module, with the compiler's source map. */
export interface Compiled {
  readonly core: Uint8Array
  readonly sourceMap: string
}

/** The optimised core module. The same sources give the same bytes. */
export function compileProgram(options: CompileOptions): Promise<Compiled> {
  return withProgram(options, (compiler, program) => {
    const module = compiler.compile(program)
    try {
      throwDiagnostics(compiler, program)
      if (!module.validate()) throw new UtnetError('guest_build', 'the compiled module is not valid WebAssembly')
      // Binaryen's fast math rewrites float expressions as if -0 and NaN did not matter: the author's order of operations is binding
      const setFastMath = module.setFastMath.bind(module)
      module.setFastMath = () => setFastMath(false)
      module.optimize(3, 0, true, false)
      const { output, sourceMap } = module.toBinary('guest.wasm.map')
      if (sourceMap === null) throw new UtnetError('guest_build', 'the compiler wrote no source map')
      return { core: withoutMapUrl(output), sourceMap }
    } finally {
      module.dispose()
    }
  })
}
