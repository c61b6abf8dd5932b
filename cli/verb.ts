/** What a verb is, and what it is given. */
import type { ParseArgsConfig } from 'node:util'
import type { NodeApi } from '../runtime/core/index.ts'

export interface VerbContext {
  /** Positional arguments behind the verb. */
  readonly args: readonly string[]
  readonly flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>
  readonly json: boolean
  /** The node named by `--node`, `UTNET_URL` or the default. */
  readonly node: () => NodeApi
  readonly nodeUrl: string
  /** One document on stdout: a line with `--json`, indented otherwise. */
  readonly print: (document: unknown) => void
  /** Bytes on stdout, as they are. */
  readonly write: (bytes: Uint8Array) => void
  /** Talk, on stderr. */
  readonly say: (text: string) => void
}

export interface Verb {
  readonly name: string
  readonly usage: string
  readonly summary: string
  readonly options: NonNullable<ParseArgsConfig['options']>
  /** Least and most positional arguments. */
  readonly positionals: readonly [number, number]
  /** Exit code: 0 success, 1 a refused or failed request. */
  readonly run: (context: VerbContext) => Promise<number>
}

/** A string flag, or undefined. */
export function textFlag(context: VerbContext, name: string): string | undefined {
  const value = context.flags[name]
  return typeof value === 'string' ? value : undefined
}

/** A repeated string flag. */
export function listFlag(context: VerbContext, name: string): readonly string[] {
  const value = context.flags[name]
  return Array.isArray(value) ? (value as readonly string[]) : []
}
