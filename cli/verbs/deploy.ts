/** `utnet deploy`: builds a folder first; publishes under the user's key. */
import { statSync } from 'node:fs'
import { aname, fileCid } from '../../runtime/core/index.ts'
import { buildGuest, validateGuest } from '../../runtime/node/index.ts'
import { readInput } from '../arguments.ts'
import { signNext } from '../transactions.ts'
import { textFlag, type Verb } from '../verb.ts'

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

export const deploy: Verb = {
  name: 'deploy',
  usage: 'deploy FILE|DIR --name NAME',
  summary: 'publish a component; a folder is built first',
  options: { name: { type: 'string', short: 'n' } },
  positionals: [1, 1],
  async run(context) {
    const path = context.args[0] as string
    const built = isFolder(path) ? await buildGuest({ dir: path }) : undefined
    const component = built?.component ?? readInput(path)
    const name = aname(textFlag(context, 'name') ?? built?.name, '--name')
    // The same validator as the node's: a bad component is refused before anything is signed.
    const { world } = validateGuest(component)
    const api = context.node()
    const payload = { kind: 'publish', name, module: fileCid(component), world, size: component.length } as const
    context.print(await api.deploy({ name, component, transaction: await signNext(api, payload) }))
    return 0
  },
}
