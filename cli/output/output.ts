/** Writes what a verb makes. */
import { existsSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder, writeDurably } from '../../runtime/kv/files/index.ts'
import { namedFile } from './named-file.ts'

/** As the umask lets it. */
const MODE = 0o666

/** Writes a file that the user named, with its folder; throws as `namedFile` says. What stood there stays until the new one is whole: it may be what the user trusts. */
export function writeOutput(path: string, data: Uint8Array | string): void {
  try {
    makeFolder(dirname(path))
    const there = existsSync(path)
    // a pipe or a device is written to, and nothing is put in its place
    if (there && !statSync(path).isFile()) writeFileSync(path, data)
    else writeDurably(there ? realpathSync(path) : path, data, MODE)
  } catch (cause) {
    throw namedFile(cause, path)
  }
}

/** JSON text; 64-bit integers as decimal strings, as everywhere on the surface. */
export function jsonText(document: unknown, indent?: number): string {
  return JSON.stringify(document, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), indent)
}
