/** `utnet chain follow`: a light client against any node. What it believes is proven by certificates; the node is only asked. */
import { chainIdOf, decodeGenesis, epochOf, fromBase64, lastHeightOf, toHex, UtnetError, type Genesis } from '../../runtime/core/index.ts'
import { decodeStep, LightClient, type Trusted } from '../../runtime/consensus/light/index.ts'
import * as crypto from '../../runtime/crypto/native.ts'
import { checkpointFile, pointOfFile, readCheckpointFile } from '../chain/index.ts'
import { writeOutput } from '../output/index.ts'
import { readGenesisFile, trustedChains } from '../settings/index.ts'
import { textFlag, type VerbContext } from '../verb.ts'

export const FOLLOW_OPTIONS = { checkpoint: { type: 'string' }, genesis: { type: 'string' } } as const

/** The genesis to follow: the one named, or of the chain of the checkpoint, or one that this user trusts. The node's bytes will do: they hash to the chain id. */
async function genesisOf(context: VerbContext, chainId: string | undefined): Promise<Genesis> {
  const named = textFlag(context, 'genesis')
  if (named !== undefined) return decodeGenesis(readGenesisFile(named))
  const genesis = decodeGenesis(await context.node().genesis())
  const id = chainIdOf(genesis).toString()
  if (id === chainId || (chainId === undefined && trustedChains().some((g) => chainIdOf(g).toString() === id))) return genesis
  throw new UtnetError(
    'trust_unknown',
    `the node is of chain ${id}, which ${chainId === undefined ? 'you do not trust' : `is not that of the checkpoint`}`,
    {
      hint: 'utnet chain trust GENESIS.json, or --genesis FILE, or --checkpoint FILE',
    },
  )
}

const line = (client: LightClient, point: Trusted): object => ({
  epoch: point.epoch,
  height: point.height,
  hash: toHex(point.hash),
  time: point.time,
  validators: point.set.length,
  power: toHex(point.power),
  certificates: client.pairings,
})

/** Follows to the last epoch that is over; prints each point on the way. `--checkpoint FILE` is where trust begins; `-o FILE` is written for the next time. */
export async function followChain(context: VerbContext): Promise<number> {
  const named = textFlag(context, 'checkpoint')
  const file = named === undefined ? undefined : readCheckpointFile(named)
  const genesis = await genesisOf(context, file?.chainId)
  const client = new LightClient({
    genesis,
    crypto,
    ...(file === undefined ? {} : { from: pointOfFile(genesis, file) }),
    // a development chain is worth what its maker is, however old
    ...(genesis.dev ? { trustingMs: Number.POSITIVE_INFINITY } : {}),
  })
  const node = context.node()
  const begun = client.trusted
  const head = (await node.chain()).height
  const over = epochOf(head + 1, genesis.epochBlocks)
  while (client.trusted.epoch < over) {
    const { height } = client.trusted
    const { steps } = await node.epoch(over - 1, { from: height })
    for (const text of steps) context.print(line(client, client.follow(decodeStep(fromBase64(text, 'step')), Date.now())))
    if (client.trusted.height === height)
      throw new UtnetError('light_invalid', `the node leads nowhere from block ${height}`, { hint: 'ask another node: --node URL' })
  }
  const { trusted } = client
  if (trusted === begun) context.print(line(client, trusted))
  context.say(`epoch ${trusted.epoch} of "${genesis.name}": ${trusted.set.length} validators, trusted up to block ${trusted.height}`)
  const output = textFlag(context, 'output')
  if (output !== undefined) {
    if (trusted.header === null)
      throw new UtnetError(
        'chain_height',
        `no epoch is over: the first ends at block ${lastHeightOf(0, genesis.epochBlocks)}, the head is ${head}`,
      )
    writeOutput(output, `${JSON.stringify(checkpointFile(genesis, trusted))}\n`)
  }
  return 0
}
