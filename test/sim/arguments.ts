/** Options of a command line: `--name value`, some without a value. */
export class Arguments {
  readonly #args: readonly string[]

  constructor(args: readonly string[]) {
    this.#args = args
  }

  has(name: string): boolean {
    return this.#args.includes(`--${name}`)
  }

  values(name: string): string[] {
    return this.#args.flatMap((a, i) => (a === `--${name}` ? [this.#args[i + 1] ?? ''] : []))
  }

  number(name: string, otherwise: number): number {
    return Number(this.values(name)[0] ?? otherwise)
  }
}
