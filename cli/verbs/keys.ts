/** `utnet keys`: the user's key. */
import { formatKey, UtnetError } from '../../runtime/core/index.ts'
import { newUserKey, userKey } from '../settings/index.ts'
import type { Verb } from '../verb.ts'

export const keys: Verb = {
  name: 'keys',
  usage: 'keys new|show',
  summary: "the user's key; the first use creates it",
  options: {},
  positionals: [1, 1],
  async run(context) {
    const action = context.args[0]
    if (action !== 'new' && action !== 'show') throw new UtnetError('usage', `keys takes new or show, got ${String(action)}`)
    const user = action === 'new' ? newUserKey() : userKey()
    // The balance is a courtesy: showing a key needs no node.
    const balance = await context
      .node()
      .account(user.address)
      .then(
        (a) => a.balance,
        () => undefined,
      )
    context.print({ address: user.address, key: formatKey(user.key), ...(balance === undefined ? {} : { balance }) })
    return 0
  },
}
