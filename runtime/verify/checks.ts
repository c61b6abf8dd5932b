/** The list of checks that a verdict consists of. A check never throws: what goes wrong in it is its detail. */
import { isUtnetError } from '../core/index.ts'

export type CheckName =
  | 'container'
  | 'entry'
  | 'trust'
  | 'epochs'
  | 'receipt'
  | 'attestation'
  | 'anchor'
  | 'header'
  | 'certificate'
  | 'context'
  | 'node'
  | 'rollup'
  | 'module'
  | 'input'
  | 'output'
  | 'log'
  | 'witness'
  | 'models'
  | 'state'
  | 'inclusion'
  | 'reexecution'

/** One line of a verdict. */
export interface Check {
  readonly name: CheckName
  readonly ok: boolean
  /** One line for a person: what was found, or what is wrong. */
  readonly detail: string
}

/** The verdict, its checks in the order in which they were made. */
export interface Verification {
  /** True when every check holds. */
  readonly valid: boolean
  readonly checks: readonly Check[]
}

/** Ends a check as failed with its reason. */
class Failure extends Error {}

/** Fails the check at hand with a reason. */
export function fail(why: string): never {
  throw new Failure(why)
}

/** Fails the check at hand with a reason unless the condition holds. */
export function must(condition: boolean, why: string): asserts condition {
  if (!condition) throw new Failure(why)
}

function reason(error: unknown): string {
  if (error instanceof Failure || isUtnetError(error)) return error.message
  return `it cannot be read (${error instanceof Error ? error.message : 'unknown error'})`
}

/** What a check found: the value that later checks build on, and its detail. */
export type Found<T> = readonly [value: T, detail: string]

export class Checks {
  readonly #list: Check[] = []

  /** Runs a check; undefined when it failed. */
  run<T>(name: CheckName, work: () => Found<T>): T | undefined {
    try {
      const [value, detail] = work()
      this.#list.push({ name, ok: true, detail })
      return value
    } catch (error) {
      this.#list.push({ name, ok: false, detail: reason(error) })
      return undefined
    }
  }

  /** As `run`, for a check that waits. */
  async runLater(name: CheckName, work: () => Promise<string>): Promise<void> {
    try {
      this.#list.push({ name, ok: true, detail: await work() })
    } catch (error) {
      this.#list.push({ name, ok: false, detail: reason(error) })
    }
  }

  verdict(): Verification {
    return { valid: this.#list.length > 0 && this.#list.every((c) => c.ok), checks: [...this.#list] }
  }
}

/** The value of an earlier check; fails the check at hand when that one failed. */
export function needs<T>(value: T | undefined, name: string): T {
  must(value !== undefined, `not checked: it builds on ${name}, which failed`)
  return value
}
