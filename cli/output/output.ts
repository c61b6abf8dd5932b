/** Writes what a verb makes. */
import { writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { UtnetError } from '../../runtime/core/index.ts'
import { makeFolder } from '../../runtime/kv/files/index.ts'

/** Writes a file that the user named, with its folder; throws `usage` naming it. */
export function writeOutput(path: string, data: Uint8Array | string): void {
  try {
    makeFolder(dirname(path))
    writeFileSync(path, data)
  } catch (cause) {
    throw new UtnetError('usage', `cannot write ${path}: ${cause instanceof Error ? cause.message : ''}`, {
      hint: 'name a file that can be written',
      cause,
    })
  }
}

/** JSON text; 64-bit integers as decimal strings, as everywhere on the surface. */
export function jsonText(document: unknown, indent?: number): string {
  return JSON.stringify(document, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), indent)
}
