/** One script of the specification's tests in several worlds at once: the modules as they came, and as each scheme prepares them. */
import { LIMITS } from '../../../runtime/core/index.ts'
import { prepareModule, GAS_EXPORT, START_EXPORT, type PrepareOptions } from '../../../runtime/host/prepare/index.ts'
import { readModule, type CoreModule } from '../../../runtime/host/wasm/index.ts'
import { SCHEMES } from '../prove/schemes.ts'
import type { Action, Command } from './commands.ts'
import { invoke } from './invoker.ts'
import { agrees, crosses, fill, JS_VALUES, read } from './values.ts'

export interface Tally {
  readonly counts: Map<string, number>
  readonly red: string[]
}

type Exports = Readonly<Record<string, unknown>>

interface Module {
  readonly core: CoreModule
  readonly exports: Exports
}

/** What came of an action: text that is equal where the bits are. */
interface Outcome {
  readonly status: 'ok' | 'trap' | 'exhausted'
  readonly text: string
  readonly expected: boolean
  readonly gas: bigint
}

const PLENTY = 1n << 50n
const WORLDS: readonly (readonly [string, PrepareOptions | undefined])[] = [
  ['as it came', undefined],
  ...Object.entries(SCHEMES),
  ['profile', { profile: true, probes: true }],
]

/** What the module as it came does not do either: a test that is older than the rule, or about a module that we refuse. */
const OTHERWISE = 'the engine does otherwise with the module as it came'

class World {
  readonly name: string
  readonly #options: PrepareOptions | undefined
  readonly #named = new Map<string, Module>()
  readonly #registered: Record<string, Exports>
  readonly #gas = new WebAssembly.Global({ value: 'i64', mutable: true }, PLENTY)
  readonly #stack = new WebAssembly.Global({ value: 'i32', mutable: true }, LIMITS.stackBytes)
  #last: Module | undefined

  constructor(name: string, options: PrepareOptions | undefined) {
    this.name = name
    this.#options = options
    const nothing = (): void => undefined
    const prints = ['', '_i32', '_i64', '_f32', '_f64', '_i32_f32', '_f64_f64'].map((of) => [`print${of}`, nothing])
    const global = (value: WebAssembly.ValueType, v: unknown): WebAssembly.Global => new WebAssembly.Global({ value }, v as never)
    this.#registered = {
      spectest: {
        ...Object.fromEntries(prints),
        global_i32: global('i32', 666),
        global_i64: global('i64', 666n),
        global_f32: global('f32', 666.6),
        global_f64: global('f64', 666.6),
        table: new WebAssembly.Table({ element: 'anyfunc', initial: 10, maximum: 20 }),
        memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
      },
    }
  }

  instantiate(bytes: Uint8Array | undefined, name: string | undefined): void {
    this.#last = undefined
    if (name !== undefined) this.#named.delete(name)
    if (bytes === undefined) return
    const core = readModule(bytes)
    const prepared = this.#options === undefined ? bytes : prepareModule(core, { ...this.#options, counter: 'shared' })
    const compiled = new WebAssembly.Module(prepared as Uint8Array<ArrayBuffer>)
    this.#refill()
    const { exports } = new WebAssembly.Instance(compiled, {
      ...(this.#registered as WebAssembly.Imports),
      utnet: { gas: this.#gas, stack: this.#stack },
    })
    ;(exports[START_EXPORT] as (() => void) | undefined)?.()
    if (this.#options !== undefined && exports[GAS_EXPORT] !== this.#gas) throw new Error('another counter')
    this.#last = { core, exports }
    if (name !== undefined) this.#named.set(name, this.#last)
  }

  register(as: string, name: string | undefined): void {
    const found = this.#of(name)
    if (found === undefined) delete this.#registered[as]
    else this.#registered[as] = Object.fromEntries(Object.entries(found.exports).filter(([n]) => !n.startsWith('utnet:')))
  }

  #of(name: string | undefined): Module | undefined {
    return name === undefined ? this.#last : this.#named.get(name)
  }

  #refill(): void {
    this.#gas.value = PLENTY
    this.#stack.value = LIMITS.stackBytes
  }

  /** Undefined where the module is not there: refused. */
  act({ module: name, field, args = [], type }: Action, expected: Command['expected']): Outcome | undefined {
    const module = this.#of(name)
    if (module === undefined) return undefined
    this.#refill()
    const value = module.exports[field]
    const { core } = module
    const exported = core.exports.find((e) => e.name === field)
    const done = (text: string, ok: boolean): Outcome => ({ status: 'ok', text, expected: ok, gas: PLENTY - this.#gas.value })
    if (type === 'get') {
      const letter = core.globals[exported?.index ?? -1]?.type ?? 'i'
      if (letter === 'v') return undefined
      const js = [(value as WebAssembly.Global).value]
      return done(String(js), JS_VALUES.agree(js, letter, expected))
    }
    const of = core.functions[exported?.index ?? -1]
    if (of === undefined) throw new Error(`no export ${field}`)
    try {
      if (crosses(of)) {
        const view = invoke(value as object, of, (to) => fill(to, of.params, args))
        return done(read(view, of.results), agrees(view, of.results, expected))
      }
      const result = (value as (...args: unknown[]) => unknown)(...args.map(JS_VALUES.of))
      const list = of.results.length === 0 ? [] : of.results.length === 1 ? [result] : (result as unknown[])
      return done(list.map(JS_VALUES.text).join(' '), JS_VALUES.agree(list, of.results, expected))
    } catch (error) {
      const deep = error instanceof RangeError || this.#stack.value < 0
      if (!(error instanceof WebAssembly.RuntimeError) && !deep) throw error
      return { status: deep ? 'exhausted' : 'trap', text: deep ? '' : (error as Error).message, expected: true, gas: 0n }
    }
  }
}

export class Script {
  readonly #tally: Tally
  readonly #label: string
  readonly #worlds = WORLDS.map(([name, options]) => new World(name, options))

  constructor(tally: Tally, label: string) {
    this.#tally = tally
    this.#label = label
  }

  #count(what: string): void {
    const { counts } = this.#tally
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }

  run(command: Command, bytes: Uint8Array | undefined): void {
    const { type, line, name, as, action, expected } = command
    const red = (what: string): void => void this.#tally.red.push(`${this.#label}:${line} ${type} ${action?.field ?? ''}: ${what}`)
    switch (type) {
      case 'register':
        for (const world of this.#worlds) world.register(as ?? '', name)
        return
      case 'module':
      case 'assert_uninstantiable':
      case 'assert_unlinkable': {
        const ends = this.#worlds.map((world) => {
          try {
            world.instantiate(bytes, name)
            return 'made'
          } catch (error) {
            if (error instanceof WebAssembly.LinkError) return 'unlinkable'
            if (error instanceof WebAssembly.RuntimeError) return 'trap'
            return String(error)
          }
        })
        this.#count(bytes === undefined ? `${type}, refused` : type)
        if (bytes === undefined) return
        const wanted = { module: 'made', assert_uninstantiable: 'trap', assert_unlinkable: 'unlinkable' }[type]
        if (ends[0] !== wanted) this.#count(OTHERWISE)
        if (ends.some((end) => end !== ends[0])) red(ends.join(', '))
        return
      }
      case 'action':
      case 'assert_return':
      case 'assert_trap':
      case 'assert_exhaustion': {
        const outcomes = this.#worlds.map((world) => world.act(action as Action, type === 'assert_return' ? expected : undefined))
        if (outcomes.some((o) => o === undefined)) return this.#count(`${type}, without its module`)
        this.#count(type)
        const [came, first, ...others] = outcomes as Outcome[]
        const wanted = type === 'assert_trap' ? 'trap' : type === 'assert_exhaustion' ? 'exhausted' : 'ok'
        const holds = (o: Outcome): boolean => o.status === wanted && o.expected
        const all = (outcomes as Outcome[]).map((o) => `${o.status} ${o.text} ${o.gas}`).join(' | ')
        if (came === undefined || first === undefined) throw new Error('no world')
        if (!holds(came)) this.#count(OTHERWISE)
        if (holds(came) ? !holds(first) || !others.every(holds) : came.status !== first.status || came.text !== first.text)
          red(`${all} instead of ${JSON.stringify(expected)}`)
        if (came.status === 'trap' && came.text !== first.text) red(`${came.text} became ${first.text}`)
        if (others.some((o) => o.text !== first.text || o.gas !== first.gas)) red(`schemes differ: ${all}`)
        return
      }
      default:
        this.#count(`${type}, not run`)
    }
  }
}
