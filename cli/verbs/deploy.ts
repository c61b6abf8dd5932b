/** `utnet deploy`: builds a folder first; publishes under the user's key. */
import { statSync } from 'node:fs'
import { aname, UtnetError } from '../../runtime/core/index.ts'
import { readInput } from '../arguments.ts'
import { loadRuntime } from '../runtime.ts'
import { publish } from '../transactions.ts'
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
    const { buildGuest, validateGuest } = await loadRuntime()
    const built = isFolder(path) ? await buildGuest({ dir: path }) : undefined
    const component = built?.component ?? readInput(path)
    const given = textFlag(context, 'name') ?? built?.name
    if (given === undefined) throw new UtnetError('usage', `a name is missing: utnet deploy ${path} --name NAME`)
    const name = aname(given, '--name')
    // The same validator as the node's: a bad component is refused before anything is signed.
    const { world } = validateGuest(component)
    const api = context.node()
    context.print(await publish(api, component, name, world))
    return 0
  },
}
