/** `utnet replay`: runs it again from its receipt and what the receipt binds; needs no model and no network beyond the node. */
import { loadRuntime } from '../runtime.ts'
import type { Verb } from '../verb.ts'

export const replay: Verb = {
  name: 'replay',
  usage: 'replay ID [--trace]',
  summary: 'run it again from its receipt: output digest, gas, gas by function',
  options: { trace: { type: 'boolean' } },
  positionals: [1, 1],
  async run(context) {
    const car = await context.node().bundle(context.args[0] as string)
    const { replayBundle } = await loadRuntime()
    const result = await replayBundle(car, { trace: context.flags['trace'] === true })
    context.print(result)
    if (!result.equal) context.say('the run differs from its receipt')
    return result.equal ? 0 : 1
  },
}
