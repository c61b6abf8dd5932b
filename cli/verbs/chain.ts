/** `utnet chain`: head, a block, the genesis file, trusted chains. */
import { chainIdOf, parseCid, UtnetError } from '../../runtime/core/index.ts'
import { writeOutput } from '../output.ts'
import { distrustChain, genesisFile, readGenesisFile, trustChain, trustedChains } from '../user-folder.ts'
import { textFlag, type Verb } from '../verb.ts'
import { EVENT_OPTIONS, printEvents } from './chain-events.ts'
import { FOLLOW_OPTIONS, followChain } from './chain-follow.ts'

export const chain: Verb = {
  name: 'chain',
  usage:
    'chain status | block HEIGHT | power [EPOCH] | events [--filter KIND=VALUE]... [--from H] [--to H] [--limit N] [--proof] [--follow] | follow [--checkpoint FILE] [-o FILE] | genesis [-o FILE] | trust [FILE] | distrust CHAINID',
  summary: 'head, a block, who votes with what power, events of its history, the genesis file, chains this user trusts',
  options: { output: { type: 'string', short: 'o' }, ...EVENT_OPTIONS, ...FOLLOW_OPTIONS },
  positionals: [1, 2],
  async run(context) {
    const [action, what] = context.args
    switch (action) {
      case 'status':
        context.print(await context.node().chain())
        return 0
      case 'block':
        if (what === undefined || !/^\d{1,15}$/.test(what)) throw new UtnetError('usage', 'chain block takes a HEIGHT')
        context.print(await context.node().block(Number(what)))
        return 0
      case 'power':
        if (what !== undefined && !/^\d{1,15}$/.test(what)) throw new UtnetError('usage', 'chain power takes an EPOCH')
        context.print(await context.node().power(what === undefined ? undefined : Number(what)))
        return 0
      case 'events':
        if (what !== undefined)
          throw new UtnetError('usage', 'chain events takes flags only', { hint: 'utnet chain events --filter event=NAME' })
        return printEvents(context)
      case 'follow':
        if (what !== undefined)
          throw new UtnetError('usage', 'chain follow takes flags only', { hint: 'utnet chain follow -o checkpoint.json' })
        return followChain(context)
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
        const chainId = parseCid(what, 'chain id').toString()
        distrustChain(chainId)
        context.print({ distrusted: chainId })
        return 0
      }
      default:
        throw new UtnetError('usage', `chain takes status, block, power, events, follow, genesis, trust or distrust, got ${String(action)}`)
    }
  },
}
