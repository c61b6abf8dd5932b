/** `utnet deploy`: builds a folder first; publishes under the user's key. */
import { aname, isSealedGuest, readSealedGuest, UtnetError } from '../../runtime/core/index.ts'
import { componentOf } from '../component.ts'
import { loadRuntime } from '../runtime.ts'
import { publish } from '../transactions.ts'
import { textFlag, type Verb } from '../verb.ts'

export const deploy: Verb = {
  name: 'deploy',
  usage: 'deploy FILE|DIR --name NAME',
  summary: 'publish a component, sealed or not; a folder is built first',
  options: { name: { type: 'string', short: 'n' } },
  positionals: [1, 1],
  async run(context) {
    const path = context.args[0] as string
    const { component, name: built } = await componentOf(path)
    const given = textFlag(context, 'name') ?? built
    if (given === undefined) throw new UtnetError('usage', `a name is missing: utnet deploy ${path} --name NAME`)
    const name = aname(given, '--name')
    // The same validator as the node's: a bad component is refused before anything is signed. What is sealed only the node can judge.
    const { world } = isSealedGuest(component) ? readSealedGuest(component).policy : (await loadRuntime()).validateGuest(component)
    const api = context.node()
    context.print(await publish(api, component, name, world))
    return 0
  },
}
