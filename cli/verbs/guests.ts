/** `utnet guests`: what is deployed, with WIT types. */
import type { Verb } from '../verb.ts'

export const guests: Verb = {
  name: 'guests',
  usage: 'guests [NAME]',
  summary: 'what is deployed; one of them with its exports and versions',
  options: {},
  positionals: [0, 1],
  async run(context) {
    const name = context.args[0]
    if (name !== undefined) context.print(await context.node().guest(name))
    else for (const guest of await context.node().guests()) context.print(guest)
    return 0
  },
}
