/** `utnet model add|list`: ONNX models. */
import { aname, UtnetError } from '../../runtime/core/index.ts'
import { readInput } from '../arguments.ts'
import { textFlag, type Verb } from '../verb.ts'

export const model: Verb = {
  name: 'model',
  usage: 'model add FILE --name NAME | model list',
  summary: 'ONNX models',
  options: { name: { type: 'string', short: 'n' } },
  positionals: [1, 2],
  async run(context) {
    const [action, file] = context.args
    if (action === 'list' && file === undefined) {
      for (const view of await context.node().models()) context.print(view)
      return 0
    }
    if (action !== 'add' || file === undefined) throw new UtnetError('usage', 'model takes add FILE or list')
    context.print(await context.node().putModel(aname(textFlag(context, 'name'), '--name'), readInput(file)))
    return 0
  },
}
