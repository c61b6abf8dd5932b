/** Names of values: each once in a whole model, those of subgraphs and of calls of functions too, and each known before it is taken. */
import { UtnetError } from '../../core/index.ts'
import { quoted } from './read-budget.ts'

/** All names of a model. */
export class Names {
  /** Each with the number that the next one like it gets. */
  readonly #used = new Map<string, number>()

  /** A name that nothing else has: `base`, or that with a number behind. */
  fresh(base: string): string {
    let name = base
    let number = this.#used.get(base) ?? 2
    while (this.#used.has(name)) name = `${base}~${number++}`
    this.#used.set(base, number)
    if (name !== base) this.#used.set(name, 2)
    return name
  }
}

/** The values that nodes of one graph may take: its own so far and those around it. Names as the file has them lead to names of the model. */
export class Scope {
  readonly #names: Names
  readonly #parent: Scope | undefined
  readonly #known = new Map<string, string>()
  /** What a name is to be called once something makes it. */
  readonly #meant = new Map<string, string>()

  constructor(names: Names, parent?: Scope) {
    this.#names = names
    this.#parent = parent
  }

  /** A value of another name (an argument of a call) under a name of this scope. */
  bind(name: string, to: string): void {
    this.#known.set(name, to)
  }

  /** Sets what the value will be called that a node makes later. */
  intend(name: string, to: string): void {
    this.#meant.set(name, to)
  }

  /** Throws `model_invalid` where the name has a value here already. */
  define(name: string): string {
    if (this.#known.has(name)) throw new UtnetError('model_invalid', `the model gives value ${quoted(name)} twice`)
    const to = this.#meant.get(name) ?? this.#names.fresh(name)
    this.#known.set(name, to)
    return to
  }

  find(name: string): string | undefined {
    return this.#known.get(name) ?? this.#parent?.find(name)
  }

  /** The name of a value that is taken; '' for one left out. Throws `model_invalid` naming one that is not known yet. */
  take(name: string, taker: string): string {
    if (name === '') return ''
    const found = this.find(name)
    if (found === undefined)
      throw new UtnetError(
        'model_invalid',
        `${taker} of the model takes value ${quoted(name)}, which nothing before it makes: the graph has a cycle, its nodes are out of order, or the value is missing`,
      )
    return found
  }
}
