/** `utnet deploy`: builds a folder first; publishes under the user's key. */
import { aname, isSealedGuest, readSealedGuest, UtnetError } from '../../runtime/core/index.ts'
import { componentOf, addMounted, readMounts, type AskedMount } from '../input/index.ts'
import type { Grants } from '../../runtime/node/index.ts'
import { loadRuntime } from '../runtime.ts'
import { publish } from '../chain/index.ts'
import { listFlag, textFlag, type Verb, type VerbContext } from '../verb.ts'

/** `KEY=VALUE`, at the first equals sign. */
function pair(flag: string, text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new UtnetError('usage', `--${flag} wants NAME=VALUE, got ${text}`)
  return [text.slice(0, at), text.slice(at + 1)]
}

interface AskedGrants extends Grants {
  readonly mounts: readonly AskedMount[]
}

/** What the guest may see of the outside; undefined where no flag says, so that a component's own grants stay. */
function grantsAsked(context: VerbContext): AskedGrants | undefined {
  const [mounts, hosts, buckets, settings] = ['mount', 'allow-host', 'bucket', 'setting'].map((flag) => listFlag(context, flag)) as [
    readonly string[],
    readonly string[],
    readonly string[],
    readonly string[],
  ]
  if (mounts.length + hosts.length + buckets.length + settings.length === 0) return undefined
  return {
    mounts: readMounts(mounts.map((text) => pair('mount', text))),
    hosts,
    buckets,
    settings: settings.map((text) => pair('setting', text)),
  }
}

export const deploy: Verb = {
  name: 'deploy',
  usage: 'deploy FILE|DIR --name NAME [--mount PATH=CID|FILE] [--allow-host HOST] [--bucket NAME] [--setting KEY=VALUE]',
  summary: 'publish a component, sealed or not; a folder is built first',
  options: {
    name: { type: 'string', short: 'n' },
    mount: { type: 'string', multiple: true },
    'allow-host': { type: 'string', multiple: true },
    bucket: { type: 'string', multiple: true },
    setting: { type: 'string', multiple: true },
  },
  positionals: [1, 1],
  async run(context) {
    const path = context.args[0] as string
    const { validateGuest, withGrants } = await loadRuntime()
    const { component: made, name: built, sourceMap } = await componentOf(path)
    const sealed = isSealedGuest(made)
    const asked = grantsAsked(context)
    if (sealed && asked !== undefined)
      throw new UtnetError('usage', 'a sealed guest cannot be given grants any more', { hint: 'give them before it is sealed: utnet seal' })
    const component = asked === undefined ? made : withGrants(made, asked)
    const given = textFlag(context, 'name') ?? built
    if (given === undefined) throw new UtnetError('usage', `a name is missing: utnet deploy ${path} --name NAME`)
    const name = aname(given, '--name')
    // The same validator as the node's: a bad component is refused before anything is signed. What is sealed only the node can judge.
    const { world } = sealed ? readSealedGuest(component).policy : validateGuest(component)
    const api = context.node()
    const mounts = asked?.mounts ?? []
    await addMounted(api, mounts)
    const deployed = await publish(api, name, { component, world, ...(sealed ? {} : { sourceMap }) }, context.say)
    const mounted = mounts.map(({ path: at, cid }) => ({ path: at, cid: cid.toString() }))
    context.print(mounted.length === 0 ? deployed : { ...deployed, mounts: mounted })
    return 0
  },
}
