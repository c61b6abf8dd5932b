/** `utnet chain events`: the chain's history by filters, then, with `--follow`, what comes. */
import { LIMITS, UtnetError, type ChainEntry } from '../../runtime/core/index.ts'
import { COUNT, listFlag, wholeFlag, type VerbContext } from '../verb.ts'

export const EVENT_OPTIONS = {
  filter: { type: 'string', multiple: true },
  from: { type: 'string', whole: COUNT },
  to: { type: 'string', whole: COUNT },
  limit: { type: 'string', whole: [1n, COUNT[1]] },
  proof: { type: 'boolean' },
  follow: { type: 'boolean' },
} as const

/** Entries that are printed unless told. */
const LIMIT = 100

/** Prints one entry a document, and says on stderr where it stopped. `--follow` goes on with what comes, without a limit, until it is interrupted. */
export async function printEvents(context: VerbContext): Promise<number> {
  const node = context.node()
  const filter = listFlag(context, 'filter')
  const [from, to] = [wholeFlag(context, 'from'), wholeFlag(context, 'to')]
  const follow = context.flags['follow'] === true
  const proof = context.flags['proof'] === true
  if (follow && to !== undefined) throw new UtnetError('usage', '--follow has no end: leave out --to')
  if (follow && proof)
    throw new UtnetError('usage', 'a live stream carries no proofs', { hint: 'ask for one by its id: --filter tx=ID --proof' })
  if (from !== undefined && to !== undefined && from > to) throw new UtnetError('usage', `--from ${from} lies behind --to ${to}`)
  let left = wholeFlag(context, 'limit') ?? (follow ? Number.POSITIVE_INFINITY : LIMIT)
  const print = (entry: ChainEntry): void => {
    context.print(entry)
    found++
    left--
  }
  let after: string | undefined
  let found = 0
  // what has been is searched, unless only what comes is asked for
  while (left > 0 && (!follow || from !== undefined)) {
    const page = await node.chainEvents({
      filter,
      ...(after === undefined ? {} : { after }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      limit: Math.min(left, LIMITS.searchEntries),
      proof,
    })
    for (const entry of page.entries) print(entry)
    after = page.next
    if (page.done) break
    if (left <= 0) context.say(`more lies behind ${after}: raise --limit, or --from ${after.split('.')[0] as string}`)
  }
  if (found === 0 && after !== undefined) {
    const read = Number(after.split('.')[0])
    context.say(from !== undefined && read < from ? `there is no block ${from} yet` : `nothing up to block ${read}`)
  }
  if (!follow || left <= 0) return 0
  const stop = new AbortController()
  const interrupt = (): void => stop.abort()
  process.once('SIGINT', interrupt)
  try {
    after ??= `${(await node.chain()).height}`
    // a node ends the stream of a reader that is too slow for it: there is nothing to lose by going on behind what came last
    while (!stop.signal.aborted && left > 0) {
      for await (const event of node.events(stop.signal, { filter, after })) {
        // without a filter the stream tells of blocks and receipts, too
        if (event.type !== 'event' && event.type !== 'transaction') continue
        print(event)
        after = event.id
        if (left <= 0) break
      }
    }
  } finally {
    process.off('SIGINT', interrupt)
    stop.abort()
  }
  return 0
}
