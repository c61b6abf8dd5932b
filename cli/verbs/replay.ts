/** `utnet replay`: runs it again from its receipt and what the receipt binds; needs no model and no network beyond the node. */
import { anchoredBundle } from '../chain/index.ts'
import { loadRuntime } from '../runtime.ts'
import { mapOfNode, sourceMapFor } from '../input/index.ts'
import { traceTable } from '../output/index.ts'
import { textFlag, type Verb } from '../verb.ts'

/** Functions that are shown, without and with a trace. */
const SHOWN = { short: 10, trace: 1_000 }

export const replay: Verb = {
  name: 'replay',
  usage: 'replay ID [--trace [--map FILE|DIR] [--library]]',
  summary: 'run it again from its receipt: output digest, gas, budgets; gas by function and source line',
  options: { trace: { type: 'boolean' }, map: { type: 'string' }, library: { type: 'boolean' } },
  positionals: [1, 1],
  async run(context) {
    const api = context.node()
    const car = await anchoredBundle(api, context.args[0] as string)
    const { replayBundle } = await loadRuntime()
    const trace = context.flags['trace'] === true
    // A build takes its time: the present folder is asked where lines are what the user wants
    const map = trace ? sourceMapFor(textFlag(context, 'map'), api, context.say) : mapOfNode(api)
    const library = context.flags['library'] === true
    const result = await replayBundle(car, { trace: true, library, map })
    const { functions, lines } = result
    const most = trace ? SHOWN.trace : SHOWN.short
    context.print({
      ...result,
      ...(functions === undefined ? {} : { functions: functions.slice(0, most) }),
      ...(lines === undefined ? {} : { lines: lines.slice(0, most) }),
    })
    if (trace && !context.json) context.say(traceTable(result))
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
