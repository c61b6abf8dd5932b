/** `utnet replay`: runs it again from its receipt and what the receipt binds; needs no model and no network beyond the node. */
import { anchoredBundle } from '../anchored-bundle.ts'
import { loadRuntime } from '../runtime.ts'
import type { Verb } from '../verb.ts'

/** Functions that are shown, without and with a trace. */
const SHOWN = { short: 10, trace: 1_000 }

export const replay: Verb = {
  name: 'replay',
  usage: 'replay ID [--trace]',
  summary: 'run it again from its receipt: output digest, gas, gas by function',
  options: { trace: { type: 'boolean' } },
  positionals: [1, 1],
  async run(context) {
    const car = await anchoredBundle(context.node(), context.args[0] as string)
    const { replayBundle } = await loadRuntime()
    const result = await replayBundle(car, { trace: true })
    const { functions } = result
    const most = context.flags['trace'] === true ? SHOWN.trace : SHOWN.short
    context.print(functions === undefined ? result : { ...result, functions: functions.slice(0, most) })
    if (functions !== undefined && functions.length > most) {
      const rest = functions.slice(most).reduce((gas, line) => gas + BigInt(line.gas), 0n)
      context.say(
        `and ${functions.length - most} more functions with ${rest} gas in all${most === SHOWN.short ? ' (--trace shows them)' : ''}`,
      )
    }
    if (!result.equal) context.say('the run differs from its receipt')
    return result.equal ? 0 : 1
  },
}
