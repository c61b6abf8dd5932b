/** `utnet replay`: runs it again from its receipt and what the receipt binds; needs no model and no network beyond the node. */
import { loadRuntime } from '../runtime.ts'
import type { Verb } from '../verb.ts'

/** Lines of a trace that are shown. */
const SHOWN = 50

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
    const { functions } = result
    context.print(functions === undefined ? result : { ...result, functions: functions.slice(0, SHOWN) })
    if (functions !== undefined && functions.length > SHOWN) {
      const rest = functions.slice(SHOWN).reduce((gas, line) => gas + BigInt(line.gas), 0n)
      context.say(`and ${functions.length - SHOWN} more functions with ${rest} gas in all`)
    }
    if (!result.equal) context.say('the run differs from its receipt')
    return result.equal ? 0 : 1
  },
}
