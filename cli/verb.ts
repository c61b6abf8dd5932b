/** What a verb is, and what it is given. */
import type { ParseArgsOptionDescriptor } from 'node:util'
import { UtnetError, type NodeApi } from '../runtime/core/index.ts'

/** The least and the most that a whole number may be. */
export type Bounds = readonly [least: bigint, most: bigint]

/** Heights, epochs and how many: what a number of JSON holds. */
export const COUNT: Bounds = [0n, 2n ** 53n - 1n]

/** An option of a verb. One that is a whole number says so, and is checked before the verb runs. */
export type VerbOption = ParseArgsOptionDescriptor & { readonly whole?: Bounds }

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
  readonly options: Readonly<Record<string, VerbOption>>
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

/** A whole number in decimal digits; throws `usage` naming `what`. */
export function wholeNumber(what: string, text: string, [least, most]: Bounds): bigint {
  if (!/^(0|[1-9]\d{0,19})$/.test(text) || BigInt(text) < least || BigInt(text) > most)
    throw new UtnetError('usage', `${what} must be a whole number from ${least} to ${most}, got ${text.slice(0, 40)}`)
  return BigInt(text)
}

/** A flag that is a whole number below 2^53, or undefined. Its bounds are in the verb's options. */
export function wholeFlag(context: VerbContext, name: string): number | undefined {
  const text = textFlag(context, name)
  return text === undefined ? undefined : Number(text)
}

/** A repeated string flag. */
export function listFlag(context: VerbContext, name: string): readonly string[] {
  const value = context.flags[name]
  return Array.isArray(value) ? (value as readonly string[]) : []
}
