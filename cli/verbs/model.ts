/** `utnet model add|list|fuse`: ONNX models. */
import { aname, UtnetError } from '../../runtime/core/index.ts'
import { readInput } from '../input/index.ts'
import { writeOutput } from '../output/index.ts'
import { loadRuntime } from '../runtime.ts'
import { textFlag, type Verb } from '../verb.ts'

export const model: Verb = {
  name: 'model',
  usage: 'model add FILE --name NAME | model list | model fuse FILE -o OUT',
  summary: 'ONNX models: add one, list them, or write one in fewer operators',
  options: { name: { type: 'string', short: 'n' }, output: { type: 'string', short: 'o' } },
  positionals: [1, 2],
  async run(context) {
    const [action, file] = context.args
    if (action === 'list' && file === undefined) {
      for (const view of await context.node().models()) context.print(view)
      return 0
    }
    if (action === 'fuse' && file !== undefined) {
      const out = textFlag(context, 'output')
      if (out === undefined) throw new UtnetError('usage', 'model fuse needs -o OUT')
      const { fuseModel } = await loadRuntime()
      const { bytes, ...figures } = fuseModel(readInput(file))
      writeOutput(out, bytes)
      context.print({ file: out, ...figures })
      return 0
    }
    if (action !== 'add' || file === undefined) throw new UtnetError('usage', 'model takes add FILE, fuse FILE or list')
    const name = textFlag(context, 'name')
    if (name === undefined) throw new UtnetError('usage', `a name is missing: utnet model add ${file} --name NAME`)
    context.print(await context.node().putModel(aname(name, '--name'), readInput(file)))
    return 0
  },
}
