/** Folders that a user names. */
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder where there is none, and those that it lies in. Throws what `mkdirSync` of `node:fs` does; that itself, where it is told to go up, does not return from a
 * place like `/proc` where nothing can be made.
 */
export function makeFolder(path: string, mode = 0o777): void {
  const folder = resolve(path)
  const stands = (): boolean => existsSync(folder) && statSync(folder).isDirectory()
  if (stands()) return
  if (!existsSync(dirname(folder))) makeFolder(dirname(folder), mode)
  try {
    mkdirSync(folder, mode)
  } catch (cause) {
    // Another process may have made it meanwhile.
    if (!stands()) throw cause
  }
}
