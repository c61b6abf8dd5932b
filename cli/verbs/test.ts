/** `utnet test`: builds a project and runs its `test/*.test.ts` with the Node that came along. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { UtnetError } from '../../runtime/core/index.ts'
import { testResolver } from '../assets.ts'
import { loadRuntime } from '../runtime.ts'
import type { Verb } from '../verb.ts'

export const test: Verb = {
  name: 'test',
  usage: 'test [DIR]',
  summary: 'build a project and run its tests on an embedded node',
  options: {},
  positionals: [0, 1],
  async run(context) {
    const dir = resolve(context.args[0] ?? '.')
    const { buildGuest } = await loadRuntime()
    const built = await buildGuest({ dir })
    writeFileSync(join(dir, `${built.name}.wasm`), built.component)
    const folder = join(dir, 'test')
    const files = existsSync(folder) ? readdirSync(folder).filter((f) => /\.test\.(ts|mjs|js)$/.test(f)) : []
    if (files.length === 0) throw new UtnetError('usage', `${folder} holds no *.test.ts`)
    const run = spawnSync(process.execPath, ['--import', testResolver(), '--test', ...files.map((f) => join(folder, f))], {
      cwd: dir,
      stdio: ['ignore', context.json ? 'pipe' : 'inherit', 'inherit'],
    })
    if (context.json) context.print({ name: built.name, passed: run.status === 0 })
    return run.status === 0 ? 0 : 1
  },
}
