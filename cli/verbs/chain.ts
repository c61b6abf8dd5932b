/** `utnet chain`: head, a block, the genesis file, trusted chains. */
import { chainIdOf, parseCid, UtnetError } from '../../runtime/core/index.ts'
import { writeOutput } from '../output/index.ts'
import { distrustChain, genesisFile, readGenesisFile, trustChain, trustedChains } from '../settings/index.ts'
import { COUNT, textFlag, wholeNumber, type Verb } from '../verb.ts'
import { EVENT_OPTIONS, printEvents } from './chain-events.ts'
import { FOLLOW_OPTIONS, followChain } from './chain-follow.ts'
import { chainVerdict, VERDICT_OPTIONS } from './chain-verdict.ts'

/** The flags that an action takes; one that would do nothing is a mistake. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  status: [],
  block: [],
  power: [],
  events: Object.keys(EVENT_OPTIONS),
  follow: [...Object.keys(FOLLOW_OPTIONS), 'output'],
  verdict: Object.keys(VERDICT_OPTIONS),
  genesis: ['output'],
  trust: [],
  distrust: [],
}

/** Actions that take flags only. */
const ALONE: ReadonlySet<string> = new Set(['status', 'events', 'follow', 'genesis'])

function chainIdText(text: string): string {
  try {
    return parseCid(text, 'chain id').toString()
  } catch (cause) {
    throw new UtnetError('usage', `${text} is not a chain id`, { hint: 'see them: utnet chain trust', cause })
  }
}

export const chain: Verb = {
  name: 'chain',
  usage:
    'chain status | block [HEIGHT] | power [EPOCH] | events [--filter KIND=VALUE]... [--from H] [--to H] [--limit N] [--proof] [--follow] | follow [--checkpoint FILE] [--genesis FILE] [-o FILE] | verdict FILE [--validator URL]... [--leaves URL] [--dry-run] | genesis [-o FILE] | trust [FILE] | distrust CHAINID',
  summary:
    'head, a block, who votes with what power, events of its history, the genesis file, the word of validators against a receipt, chains this user trusts',
  options: { output: { type: 'string', short: 'o' }, ...EVENT_OPTIONS, ...FOLLOW_OPTIONS, ...VERDICT_OPTIONS },
  positionals: [1, 2],
  async run(context) {
    const [action, what] = context.args
    const takes = TAKES[String(action)]
    const idle = Object.keys({ ...EVENT_OPTIONS, ...FOLLOW_OPTIONS, ...VERDICT_OPTIONS, output: 0 }).find(
      (f) => context.flags[f] !== undefined && !takes?.includes(f),
    )
    if (what !== undefined && ALONE.has(String(action))) throw new UtnetError('usage', `chain ${String(action)} takes no ${what}`)
    if (takes !== undefined && idle !== undefined) throw new UtnetError('usage', `chain ${String(action)} takes no --${idle}`)
    switch (action) {
      case 'status':
        context.print(await context.node().chain())
        return 0
      case 'block':
        context.print(
          await context
            .node()
            .block(what === undefined ? (await context.node().chain()).height : Number(wholeNumber('HEIGHT', what, COUNT))),
        )
        return 0
      case 'power':
        context.print(await context.node().power(what === undefined ? undefined : Number(wholeNumber('EPOCH', what, COUNT))))
        return 0
      case 'events':
        return printEvents(context)
      case 'follow':
        return followChain(context)
      case 'verdict':
        if (what === undefined)
          throw new UtnetError('usage', 'chain verdict takes a FILE: a bundle, a transcript, or a request of an audit')
        return chainVerdict(context, what)
      case 'genesis': {
        const file = genesisFile(await context.node().genesis())
        const output = textFlag(context, 'output')
        if (output !== undefined) writeOutput(output, `${JSON.stringify(file)}\n`)
        context.print(output === undefined ? file : { file: output, chainId: file.chainId })
        return 0
      }
      case 'trust':
        if (what === undefined)
          for (const g of trustedChains()) context.print({ chainId: chainIdOf(g).toString(), name: g.name, dev: g.dev })
        else context.print({ trusted: trustChain(readGenesisFile(what)) })
        return 0
      case 'distrust': {
        if (what === undefined) throw new UtnetError('usage', 'chain distrust takes a CHAINID', { hint: 'see them: utnet chain trust' })
        const chainId = chainIdText(what)
        distrustChain(chainId)
        context.print({ distrusted: chainId })
        return 0
      }
      default:
        throw new UtnetError(
          'usage',
          `chain takes status, block, power, events, follow, verdict, genesis, trust or distrust, got ${String(action)}`,
        )
    }
  },
}
