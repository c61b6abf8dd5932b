/** `utnet build`: AssemblyScript + WIT -> component. */
import { join, resolve } from 'node:path'
import { fileCid } from '../../runtime/core/index.ts'
import { writeOutput } from '../output.ts'
import { loadRuntime } from '../runtime.ts'
import { textFlag, type Verb } from '../verb.ts'

export const build: Verb = {
  name: 'build',
  usage: 'build [DIR] [-o FILE]',
  summary: 'AssemblyScript and WIT to a component',
  options: { output: { type: 'string', short: 'o' } },
  positionals: [0, 1],
  async run(context) {
    const dir = resolve(context.args[0] ?? '.')
    const { buildGuest } = await loadRuntime()
    const built = await buildGuest({ dir })
    const file = resolve(textFlag(context, 'output') ?? join(dir, `${built.name}.wasm`))
    writeOutput(file, built.component)
    writeOutput(`${file}.map`, built.sourceMap)
    context.print({
      file,
      sourceMap: `${file}.map`,
      name: built.name,
      world: built.world,
      module: fileCid(built.component).toString(),
      bytes: built.component.length,
    })
    return 0
  },
}
