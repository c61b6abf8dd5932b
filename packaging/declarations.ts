/** Makes the declarations stand alone: with those of the one bundled package that they name, without those that no entry leads to. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const IMPORT = /(?:from |import\()["'](\.[^"']+)\.ts["']/g
const CID = /(["'])multiformats\/cid\1/g

const declarations = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.d.ts'))

/** `multiformats` is bundled, so its types come along; imports of `multiformats/cid` in `folder` then lead to the copy. */
export function includeMultiformats(folder: string, multiformats: string): void {
  for (const path of declarations(folder)) {
    const to = relative(dirname(path), 'multiformats/cid.ts').replaceAll('\\', '/')
    const text = readFileSync(join(folder, path), 'utf8')
    const own = text.replace(CID, `'${to.startsWith('.') ? to : `./${to}`}'`)
    if (own !== text) writeFileSync(join(folder, path), own)
  }
  for (const path of declarations(multiformats)) cpSync(join(multiformats, path), join(folder, 'multiformats', path))
}

/** Removes from `folder` the declarations that none of `entries` (paths in it) reaches. */
export function keepReachable(folder: string, entries: readonly string[]): void {
  const reached = new Set<string>()
  const queue = [...entries]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    for (const [, to] of readFileSync(join(folder, path), 'utf8').matchAll(IMPORT)) queue.push(join(dirname(path), `${to}.d.ts`))
  }
  for (const path of declarations(folder)) if (!reached.has(path)) rmSync(join(folder, path))
}
