/** The compiler writes a declaration for every file of the program; what no entry leads to says nothing to anybody. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const IMPORT = /(?:from |import\()["'](\.[^"']+)\.ts["']/g

/** Removes from `folder` the declarations that none of `entries` (paths in it) reaches. */
export function keepReachable(folder: string, entries: readonly string[]): void {
  const reached = new Set<string>()
  const queue = [...entries]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    for (const [, to] of readFileSync(join(folder, path), 'utf8').matchAll(IMPORT)) queue.push(join(dirname(path), `${to}.d.ts`))
  }
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (path.endsWith('.d.ts') && !reached.has(path)) rmSync(join(folder, path))
}
