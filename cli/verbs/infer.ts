/** `utnet infer`: a model (or an operator) through the tensor bridge. */
import { UtnetError } from '../../runtime/core/index.ts'
import { tensorArgument, tensorJson } from '../input/index.ts'
import { listFlag, textFlag, type Verb } from '../verb.ts'

export const infer: Verb = {
  name: 'infer',
  usage: 'infer NAME --input K=@FILE.json [--arithmetic any|bounded|exact]',
  summary: 'run a model or an operator on tensors',
  options: { input: { type: 'string', multiple: true, short: 'i' }, arithmetic: { type: 'string' } },
  positionals: [1, 1],
  async run(context) {
    const arithmetic = textFlag(context, 'arithmetic') ?? 'any'
    if (arithmetic !== 'any' && arithmetic !== 'bounded' && arithmetic !== 'exact')
      throw new UtnetError('usage', `--arithmetic must be any, bounded or exact, got ${arithmetic}`)
    const inputs = listFlag(context, 'input').map(tensorArgument)
    const result = await context.node().infer({ model: context.args[0] as string, inputs, arithmetic })
    const { id, gas } = result.receipt
    context.print({ model: result.model, arithmetic: result.arithmetic, outputs: result.outputs.map(tensorJson), gas, receipt: id })
    return 0
  },
}
