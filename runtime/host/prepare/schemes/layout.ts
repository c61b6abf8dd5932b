/** Where things stand in a prepared module: what is added to a guest's types, functions and globals. */
import type { CoreModule, FuncType } from '../../wasm/index.ts'

/** Two schemes, one gas: `optimised` is what runs; `naive`, its oracle, charges and looks at the counter at every straight line and fixes every NaN at once. */
export type Scheme = 'optimised' | 'naive'

/** The counter is the module's own, or one that all core modules of a component import. */
export type Counter = 'own' | 'shared'

/** What is added to a type in the optimised scheme: gas and stack that are left go in, gas that is left comes out. */
const threaded = ({ params, results }: FuncType): FuncType => ({ params: `${params}ll`, results: `${results}l` })

const key = ({ params, results }: FuncType): string => `${params}:${results}`

export class Layout {
  readonly module: CoreModule
  readonly threads: boolean
  readonly shared: boolean
  readonly gasGlobal: number
  readonly stackGlobal: number
  /** Types behind the guest's own. */
  readonly types: FuncType[] = []
  readonly #typeIndex = new Map<string, number>()
  /** Bodies of functions behind the guest's own, without their size, and their type indices. */
  readonly functions: { readonly type: number; readonly body: Uint8Array }[] = []
  /** Functions that the code takes references of, by their present index. */
  readonly referenced = new Set<number>()
  readonly #threadedTypes = new Map<number, number>()
  readonly #indexOfType = new Map<FuncType, number>()

  constructor(module: CoreModule, scheme: Scheme, counter: Counter) {
    this.module = module
    this.threads = scheme === 'optimised'
    this.shared = counter === 'shared'
    this.gasGlobal = this.shared ? module.importedGlobals : module.globals.length
    this.stackGlobal = this.gasGlobal + 1
    module.types.forEach((type, i) => this.#indexOfType.set(type, i))
  }

  /** Index of a type of ours; the same type is added once. */
  type(type: FuncType): number {
    const name = key(type)
    const found = this.#typeIndex.get(name)
    if (found !== undefined) return found
    const index = this.module.types.length + this.types.push(type) - 1
    this.#typeIndex.set(name, index)
    return index
  }

  /** Index of the type of a block without operands. */
  readonly blockType = (results: string): number => this.type({ params: '', results })

  /** The type that functions of a guest's type have now. */
  functionType(index: number): number {
    if (!this.threads) return index
    const found = this.#threadedTypes.get(index)
    if (found !== undefined) return found
    const made = this.type(threaded(this.module.types[index] as FuncType))
    this.#threadedTypes.set(index, made)
    return made
  }

  /** Index of a function's type among the guest's own. */
  ownType(fn: number): number {
    return this.#indexOfType.get(this.module.functions[fn] as FuncType) as number
  }

  /** Functions of ours stand before imports. */
  get guardsImports(): boolean {
    return this.threads || this.shared
  }

  /** Index of the function that the guest's code calls for function `index`: before an import stands ours. */
  callee(index: number): number {
    return this.guardsImports && index < this.module.importedFunctions ? this.module.functions.length + index : index
  }

  /** Index of a guest's global. */
  global(index: number): number {
    return this.shared && index >= this.module.importedGlobals ? index + 2 : index
  }

  /** Adds a function; gives its index. */
  add(type: number, body: Uint8Array): number {
    return this.module.functions.length + this.functions.push({ type, body }) - 1
  }
}
