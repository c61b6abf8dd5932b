/** Options of a command line: `--name value`, some without a value. What is not known is refused: a run that checks nothing must not look green. */
import { parseArgs, type ParseArgsConfig } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>

/** A command line that cannot be meant. */
export class UsageError extends Error {}

export class Arguments {
  readonly #values: Readonly<Record<string, unknown>>

  /** Throws `UsageError` for an unknown option, one without its value, or a word that belongs to none. */
  constructor(args: readonly string[], options: Options) {
    try {
      this.#values = parseArgs({ args: [...args], options, strict: true }).values
    } catch (cause) {
      throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
    }
  }

  /** True when the option was named, with whatever value. */
  given(name: string): boolean {
    return this.#values[name] !== undefined
  }

  has(name: string): boolean {
    return this.#values[name] === true
  }

  text(name: string): string | undefined {
    const value = this.#values[name]
    return typeof value === 'string' ? value : undefined
  }

  /** Values of an option that may be repeated; throws `UsageError` for one that is none of `known`. */
  values<T extends string>(name: string, known: readonly T[]): readonly T[] {
    const values = (this.#values[name] ?? []) as readonly string[]
    return values.map((value) => {
      const found = known.find((k) => k === value)
      if (found === undefined) throw new UsageError(`--${name} ${value} is not known; there are ${known.join(', ')}`)
      return found
    })
  }

  /** A whole number from `least` to a million; throws `UsageError`. */
  number(name: string, otherwise: number, least: number): number {
    const text = this.text(name)
    if (text === undefined) return otherwise
    if (!/^\d{1,7}$/.test(text) || Number(text) < least || Number(text) > 1_000_000)
      throw new UsageError(`--${name} takes a whole number from ${least} to 1000000, got ${text}`)
    return Number(text)
  }
}
