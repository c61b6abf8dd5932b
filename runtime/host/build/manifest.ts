/** `utnet.jsonc` of a guest. */

import { readFile } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { parse, printParseErrorCode } from 'jsonc-parser'
import type { ParseError } from 'jsonc-parser'
import { UtnetError } from '../../core/errors.ts'

export type GuestWorld = 'contract' | 'function' | 'operator'

export interface GuestManifest {
  readonly name: string
  readonly world: GuestWorld
  /** Path of the entry, relative to the guest's folder, `/` between its parts. */
  readonly entry: string
}

const NAME = /^[a-z][a-z0-9-]{0,62}$/ // FORMATS.md, Encodings
const WORLDS: readonly unknown[] = ['contract', 'function', 'operator']

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
  const { name, world, entry = 'assembly/index.ts' } = parsed as Record<string, unknown>
  if (typeof name !== 'string' || !NAME.test(name)) throw new UtnetError('guest_build', `${file}: "name" must match ${NAME.source}`)
  if (!WORLDS.includes(world)) throw new UtnetError('guest_build', `${file}: "world" must be contract, function or operator`)
  if (typeof entry !== 'string' || !(entry.endsWith('.ts') || (world === 'function' && entry.endsWith('.js'))))
    throw new UtnetError('guest_build', `${file}: "entry" must be the path of a .ts file, or of a .js file where the world is function`)
  const path = normalize(entry).replaceAll('\\', '/')
  if (path.startsWith('..') || path.startsWith('/')) throw new UtnetError('guest_build', `${file}: "entry" lies outside the guest's folder`)
  return { name, world: world as GuestWorld, entry: path }
}
