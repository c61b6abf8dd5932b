import { runChainNet } from '../net/chain-net.ts'
import { AWAY, SERVERS, servedNet, type ServedNet } from '../net/servers.ts'
import type { ChainNetOptions } from '../net/chain-net-options.ts'
import { broken, held, type Attack } from './attack.ts'

type Port = NonNullable<ChainNetOptions['port']>

/** What is forged shows what each defence holds off; with all of them the seed chooses what the liar gives. */
const WITHOUT: Readonly<Record<string, { readonly name: string; readonly checks: (left: () => Uint8Array) => Port }>> = {
  aggregate: {
    name: 'forged',
    checks: () => (i, own) => (i === AWAY ? { ...own, blsFastAggregateVerify: () => true } : own),
  },
  'set-of-height': {
    name: 'left-set',
    checks: (left) => (i, own) =>
      i === AWAY
        ? {
            ...own,
            blsFastAggregateVerify: (signature, message, keys) =>
              own.blsFastAggregateVerify(signature, message, keys) || own.blsFastAggregateVerify(signature, message, [left()]),
          }
        : own,
  },
}

/** The real chain: one validator was away, and for a while hears final blocks of a liar alone, which has the keys of one that had most of the power before. */
export const falseServer: Attack = {
  name: 'false-server',
  of: '4.4',
  aim: 'who was away is given other blocks than those of the chain, and goes on with them',
  defences: {
    aggregate: 'the votes that a certificate names signed this very block',
    'set-of-height': 'a certificate counts under the set of its height',
  },
  run: async (seed, without) => {
    const names = Object.keys(SERVERS)
    const [out] = without
    const chosen = out === undefined ? undefined : WITHOUT[out]
    const name = chosen?.name ?? (names[seed % names.length] as string)
    const net: ServedNet = servedNet(name, seed, chosen === undefined ? {} : { port: chosen.checks(() => net.left()) })
    const { conflicts, faults, accused, blocks } = await runChainNet(net.options)
    const [conflict] = conflicts
    if (conflict !== undefined) return broken(`${name}: two blocks at height ${conflict.height}`)
    if (faults[0] !== undefined || accused.length > 0) return broken(`${name}: ${faults[0] ?? 'an honest validator is accused'}`)
    return held(`${name}: ${net.given.length} blocks given, ${blocks[AWAY]?.length} of the chain taken`)
  },
}
