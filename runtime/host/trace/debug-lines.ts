/** Source places from the line tables that the core modules of a component carry themselves. */
import { LIMITS } from '../../core/index.ts'
import { Reader, SECTION, type CoreModule } from '../wasm/index.ts'
import type { Core } from './cores.ts'
import { readLineTables, SourceFiles } from './dwarf-lines.ts'
import { LIBRARY, NAME_MAX, placesOf, shownName, type SourceMap } from './places.ts'

const NAMES_KEPT = 1_024

/** What does not stand for the author's code: the standard libraries of Rust and C, and packages; what remains of the path names it. */
const LIBRARIES: readonly RegExp[] = [
  /^\/rustc\/[0-9a-f]{1,64}\/(?:library\/)?/,
  /^.*\/rustlib\/src\/rust\/library\//,
  /^.*\/\.cargo\/registry\/src\/[^/]{1,100}\//,
  /^.*\/rust\/deps\//,
  /^library\/(?=(?:core|std|alloc|backtrace|compiler-builtins|panic_abort|panic_unwind|proc_macro|test|unwind)\/)/,
  /^.*?(?=\blibc-(?:top|bottom)-half\/)/,
  /^.*?(?=\b(?:wasi-libc|compiler-rt|dlmalloc|libcxx|libcxxabi)\/)/,
  /^\/usr\/(?:include|lib|local\/(?:lib|go\/src|tinygo\/src))\//,
]

/** The path of a source as a source map of our own would have it. */
function named(path: string): string {
  for (const library of LIBRARIES) {
    const [prefix] = library.exec(path) ?? []
    if (prefix !== undefined) return LIBRARY + path.slice(prefix.length)
  }
  return path.replace(/^(?:\.\/)+/, '')
}

function section({ bytes, sections }: CoreModule, name: string): Uint8Array {
  const found = sections.find((s) => s.id === SECTION.custom && s.name === name)
  if (found === undefined) return new Uint8Array(0)
  const r = new Reader(bytes, 0, found.start, found.end)
  r.name()
  return bytes.subarray(r.at, found.end)
}

/** Rows of all modules, of which there are at most as many as a source map may have segments. */
class Rows {
  #count = 0
  #columns = [0, 1, 2, 3].map(() => new Int32Array(1_024))

  get full(): boolean {
    return this.#count >= LIMITS.sourceMapSegments
  }

  add(...values: readonly [offset: number, source: number, line: number, column: number]): void {
    const at = this.#count++
    if (at === this.#columns[0]?.length)
      this.#columns = this.#columns.map((old) => {
        const more = new Int32Array(2 * old.length)
        more.set(old)
        return more
      })
    values.forEach((value, i) => ((this.#columns[i] as Int32Array)[at] = value))
  }

  /** In order of their bytes; of one byte in the order in which they came, the last one counts. */
  sorted(): Readonly<Record<'offsets' | 'sources' | 'lines' | 'columns', Int32Array>> {
    const [offsets, sources, lines, columns] = this.#columns as [Int32Array, Int32Array, Int32Array, Int32Array]
    const order = Float64Array.from({ length: this.#count }, (_, i) => (offsets[i] as number) * LIMITS.sourceMapSegments + i).sort()
    const by = (of: Int32Array): Int32Array => Int32Array.from(order, (key) => of[key % LIMITS.sourceMapSegments] as number)
    return { offsets: by(offsets), sources: by(sources), lines: by(lines), columns: by(columns) }
  }
}

const NAME = new TextEncoder().encode('.debug_line')

/** False where the name of the section is nowhere among the bytes: that is known without reading them as a component. */
export function hasLineTables(component: Uint8Array): boolean {
  return Buffer.from(component.buffer, component.byteOffset, component.byteLength).includes(NAME)
}

/** Places by the line tables of all modules; undefined where there are none, or too many. */
export function debugLines(cores: readonly Pick<Core, 'module'>[]): SourceMap | undefined {
  const files = new SourceFiles()
  const rows = new Rows()
  for (const { module } of cores) {
    const line = section(module, '.debug_line')
    const code = module.sections.find((s) => s.id === SECTION.code)
    if (line.length === 0 || code === undefined) continue
    const sections = { line, lineText: section(module, '.debug_line_str'), text: section(module, '.debug_str') }
    const origin = module.origin + code.start
    let over = false
    const few = readLineTables(sections, code.end - code.start, files, (address, file, number, column) => {
      over ||= rows.full
      if (!over) rows.add(origin + address, file, number - 1, Math.max(column - 1, 0))
    })
    if (!few || over) return undefined
  }
  const names = new Map<number, string | undefined>()
  const mappings = rows.sorted()
  if (mappings.offsets.length === 0) return undefined
  return placesOf(mappings, (source) => {
    if (names.has(source)) return names.get(source)
    if (names.size === NAMES_KEPT) names.clear()
    const path = files.pathOf(source, NAME_MAX)
    const name = path === undefined ? undefined : shownName(named(path))
    names.set(source, name)
    return name
  })
}
