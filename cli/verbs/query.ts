/** `utnet query`: a contract export read-only against a final state, free. */
import { UtnetError } from '../../runtime/core/index.ts'
import { jsonArgument } from '../input/index.ts'
import { textFlag, type Verb } from '../verb.ts'

export const query: Verb = {
  name: 'query',
  usage: 'query NAME EXPORT [JSON...] [--at HEIGHT] [--proof]',
  summary: 'read-only and free: {result, height, proof?}',
  options: { at: { type: 'string' }, proof: { type: 'boolean' } },
  positionals: [2, 66],
  async run(context) {
    const [name, entry, ...rest] = context.args as [string, string, ...string[]]
    const at = textFlag(context, 'at')
    if (at !== undefined && !/^\d{1,15}$/.test(at)) throw new UtnetError('usage', `--at must be a height, got ${at}`)
    const request = { name, export: entry, args: rest.map(jsonArgument), proof: context.flags['proof'] === true }
    context.print(await context.node().query(at === undefined ? request : { ...request, at: Number(at) }))
    return 0
  },
}
