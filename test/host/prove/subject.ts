/** One instance of a module under proof: its imports are recorded, its exports called with arguments that follow from their types. */
import { OP, SECTION, Writer, type CoreModule } from '../../../runtime/host/wasm/index.ts'

/** An export that JavaScript can call: vectors cannot cross. */
export interface Callable {
  readonly name: string
  readonly params: string
}

export type Status = 'ok' | 'trap' | 'engine-limit'

export interface Outcome {
  readonly status: Status
  /** What the engine said of a trap. */
  readonly message: string
  readonly results: string
  /** Calls of imports, in order. */
  readonly log: readonly string[]
  readonly gas: bigint
}

export const PLENTY = 1n << 50n

export function callables(module: CoreModule): readonly Callable[] {
  return module.exports.flatMap(({ name, kind, index }) => {
    const type = module.functions[index]
    if (kind !== 'func' || type === undefined || name.startsWith('utnet:')) return []
    return /v/.test(type.params + type.results) ? [] : [{ name, params: type.params }]
  })
}

const ARGUMENTS: Readonly<Record<string, unknown>> = { i: -7_654_321, l: 0x1234_5678_9abc_def0n, f: 1.5, d: -1e100, r: null, e: null }

/** A value as text that tells every two apart but NaNs, whose bits JavaScript does not keep. */
function text(value: unknown): string {
  if (Array.isArray(value)) return value.map(text).join(' ')
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (typeof value === 'bigint') return String(value)
  return value === null ? 'null' : typeof value
}

/** A vector cannot be handed to JavaScript: this module's `log-v128` hands over its two halves. */
const splitting = new WebAssembly.Module(
  new Writer()
    .u8(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
    .section(SECTION.type, new Writer().u8(2, 0x60, 2, 0x7e, 0x7e, 0, 0x60, 1, 0x7b, 0))
    .section(SECTION.import, new Writer().u8(1).name('log').name('v128').u8(0, 0))
    .section(SECTION.function, new Writer().u8(1, 1))
    .section(SECTION.export, new Writer().u8(1).name('log-v128').u8(0, 1))
    .section(SECTION.code, new Writer().u8(1, 14, 0, OP.localGet, 0, 0xfd, 29, 0, OP.localGet, 0, 0xfd, 29, 1, OP.call, 0, OP.end))
    .bytes() as Uint8Array<ArrayBuffer>,
)

/** Imports that note their arguments and answer zero; one set serves all instances of a module, one after the other. */
export class Recorder {
  log: string[] = []
  readonly imports: WebAssembly.Imports

  constructor(compiled: WebAssembly.Module) {
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {}
    for (const { module, name, kind } of WebAssembly.Module.imports(compiled)) {
      if (kind !== 'function') throw new Error(`the import ${module} ${name} is a ${kind}`)
      // table-get answers a reference, the others a number or nothing
      const answer = name === 'table-get' ? null : 0
      const note = (...args: unknown[]): unknown => {
        this.log.push(`${name} ${text(args)}`)
        return answer
      }
      const split = name === 'log-v128' ? new WebAssembly.Instance(splitting, { log: { v128: note } }).exports[name] : undefined
      ;(imports[module] ??= {})[name] = (split ?? note) as WebAssembly.ImportValue
    }
    this.imports = imports
  }
}

export class Subject {
  readonly log: string[] = []
  readonly exports: Readonly<Record<string, unknown>>
  readonly #gas: WebAssembly.Global<'i64'> | undefined

  constructor(compiled: WebAssembly.Module, recorder: Recorder, budget = PLENTY) {
    recorder.log = this.log
    this.exports = new WebAssembly.Instance(compiled, recorder.imports).exports
    this.#gas = this.exports['utnet:gas'] as WebAssembly.Global<'i64'> | undefined
    if (this.#gas !== undefined) this.#gas.value = budget
  }

  get memory(): Uint8Array {
    const found = Object.values(this.exports).find((e) => e instanceof WebAssembly.Memory)
    return found === undefined ? new Uint8Array(0) : new Uint8Array(found.buffer)
  }

  /** Runs the start function, where that is an export, then the export. */
  call({ name, params }: Callable): Outcome {
    const before = this.#gas?.value ?? 0n
    const ended = (status: Status, results: string, message = ''): Outcome => ({
      status,
      message,
      results,
      log: this.log,
      gas: before - (this.#gas?.value ?? 0n),
    })
    try {
      const start = this.exports['utnet:start'] as (() => void) | undefined
      start?.()
      const run = this.exports[name] as (...args: readonly unknown[]) => unknown
      return ended('ok', text(run(...[...params].map((letter) => ARGUMENTS[letter]))))
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) return ended('trap', '', error.message)
      if (error instanceof RangeError) return ended('engine-limit', '', error.message)
      throw error
    }
  }
}
