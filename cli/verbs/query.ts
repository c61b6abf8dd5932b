/** `utnet query`: a contract export read-only against a final state, free. */
import { jsonArgument } from '../input/index.ts'
import { COUNT, wholeFlag, type Verb } from '../verb.ts'

export const query: Verb = {
  name: 'query',
  usage: 'query NAME EXPORT [JSON...] [--at HEIGHT] [--proof]',
  summary: 'read-only and free: {result, height, proof?}',
  options: { at: { type: 'string', whole: COUNT }, proof: { type: 'boolean' } },
  positionals: [2, 66],
  async run(context) {
    const [name, entry, ...rest] = context.args as [string, string, ...string[]]
    const at = wholeFlag(context, 'at')
    const request = { name, export: entry, args: rest.map(jsonArgument), proof: context.flags['proof'] === true }
    context.print(await context.node().query(at === undefined ? request : { ...request, at }))
    return 0
  },
}
