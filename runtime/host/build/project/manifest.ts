/** `utnet.jsonc` of a guest. */

import { readFile } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { parse, printParseErrorCode } from 'jsonc-parser'
import type { ParseError } from 'jsonc-parser'
import { UtnetError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'

/** Worlds that a guest can be built for. */
export type GuestWorld = 'contract' | 'function' | 'operator'

/** The manifest, checked, with its defaults filled in. */
export interface GuestManifest {
  readonly name: string
  readonly world: GuestWorld
  /** Path of the entry, relative to the guest's folder, `/` between its parts. */
  readonly entry: string
  /** Pages of 64 KiB that the guest's memory grows to at most: what memory costs goes by it. */
  readonly memoryPages: number
  /** Pages that it begins with; undefined for as many as its static data need. */
  readonly initialMemoryPages: number | undefined
  /** Path of a file whose exports the core module has beside the world's, for a host that calls it as it is (devices do). */
  readonly core: string | undefined
}

/**
 * Maxima where the manifest says nothing, all at the upper end of a price tier. A contract handles arguments and values of 64 KiB and frees nothing, a
 * function bodies of some MiB, an operator whatever tensors it is given.
 */
const MEMORY_PAGES: Readonly<Record<GuestWorld, number>> = { contract: 16, function: 256, operator: LIMITS.memoryPages }

const NAME = /^[a-z][a-z0-9-]{0,62}$/ // FORMATS.md, Encodings
const CORE = /^(?:[a-z0-9-]+\/)*[a-z0-9-]+\.ts$/
const WORLDS: readonly unknown[] = ['contract', 'function', 'operator']

/** A member that is a number of pages from `least` to `most`, where it is there. */
function pages(value: unknown, file: string, member: string, least: number, most: number): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
    throw new UtnetError('guest_build', `${file}: "${member}" must be a number of pages of 64 KiB, from ${least} to ${most}`)
  return value
}

/** Reads `<dir>/utnet.jsonc`. Throws `guest_build` naming the file and the member. */
export async function readManifest(dir: string): Promise<GuestManifest> {
  const file = join(dir, 'utnet.jsonc')
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new UtnetError('guest_build', `${file} cannot be read`, { cause, hint: 'a guest has a utnet.jsonc with "name" and "world"' })
  }
  const errors: ParseError[] = []
  const parsed: unknown = parse(text, errors, { allowTrailingComma: true })
  const [error] = errors
  if (error !== undefined) {
    const line = text.slice(0, error.offset).split('\n').length
    throw new UtnetError('guest_build', `${file}:${line}: ${printParseErrorCode(error.error)}`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new UtnetError('guest_build', `${file}: expected an object`)
  const { name, world, entry = 'assembly/index.ts', ...memory } = parsed as Record<string, unknown>
  if (typeof name !== 'string' || !NAME.test(name)) throw new UtnetError('guest_build', `${file}: "name" must match ${NAME.source}`)
  if (!WORLDS.includes(world)) throw new UtnetError('guest_build', `${file}: "world" must be contract, function or operator`)
  if (typeof entry !== 'string' || !(entry.endsWith('.ts') || (world === 'function' && entry.endsWith('.js'))))
    throw new UtnetError('guest_build', `${file}: "entry" must be the path of a .ts file, or of a .js file where the world is function`)
  const path = normalize(entry).replaceAll('\\', '/')
  if (path.startsWith('..') || path.startsWith('/')) throw new UtnetError('guest_build', `${file}: "entry" lies outside the guest's folder`)
  const { memoryPages, initialMemoryPages, core } = memory
  if (path.endsWith('.js') && (memoryPages !== undefined || initialMemoryPages !== undefined))
    throw new UtnetError('guest_build', `${file}: the memory of a JavaScript guest is its engine's; "memoryPages" is for AssemblyScript`)
  const most = pages(memoryPages, file, 'memoryPages', 1, LIMITS.memoryPages) ?? MEMORY_PAGES[world as GuestWorld]
  const initial = pages(initialMemoryPages, file, 'initialMemoryPages', 1, most)
  if (core !== undefined && (world !== 'operator' || typeof core !== 'string' || !CORE.test(core)))
    throw new UtnetError('guest_build', `${file}: "core" is for operators: the path of a .ts file beside the entry`)
  return { name, world: world as GuestWorld, entry: path, memoryPages: most, initialMemoryPages: initial, core: core as string | undefined }
}
