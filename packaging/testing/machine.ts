/** The machine's own tools, without those that this checkout brought. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const OWN = /[\\/]node_modules[\\/]/

/** PATH without folders of a checkout. */
export function machinePath(): string {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !OWN.test(`${folder}/`))
    .join(delimiter)
}

/** Environment of a user at this machine: nothing of the npm script that runs the tests. */
export function machineEnv(more: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const inherited = Object.keys(process.env).filter((key) => /^(npm_|NODE_OPTIONS$|VITEST|UTNET_)/.test(key))
  return { ...Object.fromEntries(inherited.map((key) => [key, undefined])), PATH: machinePath(), ...more }
}

/** The machine's `node` and its major version; this process's own where there is none. */
export function machineNode(): { readonly path: string; readonly major: number } {
  for (const folder of machinePath().split(delimiter)) {
    const path = join(folder, 'node')
    if (!existsSync(path)) continue
    const { stdout, status } = spawnSync(path, ['--version'], { encoding: 'utf8' })
    if (status === 0) return { path, major: Number(/^v(\d+)/.exec(stdout)?.[1] ?? 0) }
  }
  return { path: process.execPath, major: Number(process.versions.node.split('.')[0]) }
}
