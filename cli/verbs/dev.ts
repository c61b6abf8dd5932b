/** `utnet dev`: an embedded node: gateway, runtime, a chain of one validator, store. */
import { resolve } from 'node:path'
import { UtnetError } from '../../runtime/core/index.ts'
import { startDevNode } from '../../runtime/node/index.ts'
import { trustChain } from '../user-folder.ts'
import { watchAndDeploy } from '../watch.ts'
import { textFlag, type Verb } from '../verb.ts'

function portOf(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new UtnetError('usage', `--port must be 0 to 65535, got ${text}`)
  return port
}

export const dev: Verb = {
  name: 'dev',
  usage: 'dev [--port N] [--data DIR] [--watch DIR]',
  summary: 'an embedded node: gateway, runtime, chain of one validator, store',
  options: { port: { type: 'string', short: 'p' }, data: { type: 'string' }, watch: { type: 'string' }, retention: { type: 'string' } },
  positionals: [0, 0],
  async run(context) {
    const data = resolve(textFlag(context, 'data') ?? process.env['UTNET_DATA'] ?? '.utnet')
    const port = portOf(textFlag(context, 'port') ?? process.env['UTNET_PORT'] ?? '8787')
    const node = await startDevNode({ data, port })
    // A dev node's own chain is one that this user trusts; its genesis says that it is a dev chain.
    if (node.madeGenesis) trustChain(node.genesis)
    const info = await node.api.info()
    const watched = textFlag(context, 'watch')
    const stopWatching = watched === undefined ? undefined : await watchAndDeploy(resolve(watched), node.api, context.say)
    if (context.json) context.print({ url: node.url, data, chainId: info.chainId, nodeKey: info.nodeKey })
    else
      context.say(
        `utnet dev is ready at ${node.url}\n  data   ${data}\n  chain  ${info.chainId} (dev)\n  node   ${info.nodeKey}\nCtrl-C stops it.`,
      )
    await new Promise<void>((done) => {
      process.once('SIGTERM', done)
      process.once('SIGINT', done)
    })
    context.say('stopping')
    stopWatching?.()
    await node.close()
    return 0
  },
}
