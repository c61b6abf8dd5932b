/** `utnet guests`: what is deployed, with WIT types; or the class with which a contract calls one. */
import { LIMITS, UtnetError, utf8, type GuestDetail, type GuestView, type NodeApi } from '../../runtime/core/index.ts'
import { loadRuntime } from '../runtime.ts'
import type { Verb, VerbContext } from '../verb.ts'

/** AssemblyScript for the sources of a contract that calls this one. */
async function printClass({ name, world, exports }: GuestDetail, { json, print, write }: VerbContext): Promise<void> {
  if (world !== 'contract') throw new UtnetError('guest_world', `${name} is a ${world}: contracts call contracts`)
  const { contractSource } = await loadRuntime()
  const source = contractSource(
    name,
    exports.map(({ signature }) => signature),
  )
  if (json) print({ name, class: source })
  else write(utf8(source))
}

/** All of them, page by page. */
async function* listed(node: NodeApi): AsyncGenerator<GuestView> {
  const limit = LIMITS.listedGuests
  for (let page = await node.guests({ limit }); ; page = await node.guests({ after: (page.at(-1) as GuestView).name, limit })) {
    yield* page
    if (page.length !== limit) return
  }
}

export const guests: Verb = {
  name: 'guests',
  usage: 'guests [NAME [--class]]',
  summary: 'what is deployed; one of them with its exports and versions, or as the class that another contract calls it by',
  options: { class: { type: 'boolean' } },
  positionals: [0, 1],
  async run(context) {
    const name = context.args[0]
    const asClass = context.flags['class'] === true
    if (asClass && name === undefined) throw new UtnetError('usage', 'a name is missing: utnet guests NAME --class')
    if (name === undefined) {
      for await (const guest of listed(context.node())) context.print(guest)
      return 0
    }
    const guest = await context.node().guest(name)
    if (asClass) await printClass(guest, context)
    else context.print(guest)
    return 0
  },
}
