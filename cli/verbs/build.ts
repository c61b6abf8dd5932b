/** `utnet build`: AssemblyScript + WIT -> component. */
import { join, resolve } from 'node:path'
import { fileCid } from '../../runtime/core/index.ts'
import { writeOutput } from '../output/index.ts'
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
    const { buildGuest, tryFunction } = await loadRuntime()
    const built = await buildGuest({ dir })
    const file = resolve(textFlag(context, 'output') ?? join(dir, `${built.name}.wasm`))
    writeOutput(file, built.component)
    if (built.sourceMap !== undefined) writeOutput(`${file}.map`, built.sourceMap)
    if (built.world === 'function') {
      const { loadMs, firstCallMs, callMs, gas, status } = await tryFunction(built.component)
      const size = (built.component.length / 1024).toFixed(0)
      context.say(
        `${size} KiB; ready in ${loadMs.toFixed(0)} ms, first call ${firstCallMs.toFixed(1)} ms, then ${callMs.toFixed(2)} ms a call, ${gas} gas${status === 'ok' ? '' : `; GET / ends as ${status}`}`,
      )
    }
    context.print({
      file,
      ...(built.sourceMap === undefined ? {} : { sourceMap: `${file}.map` }),
      name: built.name,
      world: built.world,
      module: fileCid(built.component).toString(),
      bytes: built.component.length,
    })
    return 0
  },
}
