/** `utnet dev`: an embedded node: gateway, runtime, a chain of one validator, store. */
import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isUtnetError, LIMITS, UtnetError, type Retention } from '../../runtime/core/index.ts'
import type { DevNode } from '../../runtime/node/index.ts'
import { dataFolder, environment, trustChain } from '../settings/index.ts'
import { loadRuntime } from '../runtime.ts'
import { askedToStop } from '../stop.ts'
import { watchAndDeploy } from '../watch.ts'
import { listFlag, textFlag, wholeFlag, wholeNumber, type Bounds, type Verb, type VerbContext } from '../verb.ts'
import { DEVICE_FLAGS, DEVICE_USAGE, devicesAsked, type DevicesAsked } from './dev-devices.ts'

const PORT: Bounds = [0n, 65_535n]
const RETENTIONS: readonly string[] = ['public', 'sealed', 'none']

function portOf(context: VerbContext): number {
  return wholeFlag(context, 'port') ?? Number(wholeNumber('UTNET_PORT', environment('UTNET_PORT') ?? '8787', PORT))
}

function retentionOf(context: VerbContext): Retention {
  const text = textFlag(context, 'retention') ?? 'public'
  if (!RETENTIONS.includes(text)) throw new UtnetError('usage', `--retention must be ${RETENTIONS.join(', ')}, got ${text}`)
  return text as Retention
}

function watchedFolder(context: VerbContext): string | undefined {
  const text = textFlag(context, 'watch')
  if (text === undefined) return undefined
  const folder = resolve(text)
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UtnetError('usage', `--watch must name a project folder, got ${text}`, { hint: `utnet new ${text}` })
  return folder
}

function receiptsOf(context: VerbContext): 'on' | 'off' {
  const text = textFlag(context, 'receipts') ?? 'on'
  if (text !== 'on' && text !== 'off') throw new UtnetError('usage', `--receipts must be on or off, got ${text}`)
  return text
}

function auditOf(context: VerbContext): boolean {
  const text = textFlag(context, 'audit') ?? 'on'
  if (text !== 'on' && text !== 'off') throw new UtnetError('usage', `--audit must be on or off, got ${text}`)
  return text === 'on'
}

/** Of 0.1 the 10: the node lies in one of so many inferences. */
function cheatOf(context: VerbContext): number | undefined {
  const text = textFlag(context, 'cheat')
  if (text === undefined) return undefined
  const share = Number(text)
  if (!/^(0?\.\d{1,4}|1)$/.test(text) || share <= 0) throw new UtnetError('usage', `--cheat must be a share from 0.0001 to 1, got ${text}`)
  return Math.round(1 / share)
}

/** Blocks of an epoch, of a chain that this start makes. */
function epochBlocksOf(context: VerbContext, data: string): number | undefined {
  const blocks = wholeFlag(context, 'epoch-blocks')
  if (blocks === undefined) return undefined
  if (existsSync(join(data, 'chain', 'genesis.json')))
    throw new UtnetError('usage', `the chain in ${data} is made: its epochs stay as they are`, {
      hint: 'make another: utnet dev --data DIR --epoch-blocks N',
    })
  return blocks
}

interface Started {
  readonly data: string
  readonly port: number
  readonly retention: Retention
  readonly receipts: 'on' | 'off'
  readonly threads: number | undefined
  readonly cheat: number | undefined
  readonly epochBlocks: number | undefined
  readonly audit: boolean
  readonly auditFrom: readonly string[]
  readonly attesterRoots: string | undefined
  readonly devices: DevicesAsked
}

async function start(options: Started): Promise<DevNode> {
  const { data, port, retention, receipts, threads, cheat, epochBlocks, audit, auditFrom, attesterRoots, devices } = options
  const { startDevNode } = await loadRuntime()
  try {
    return await startDevNode({
      data,
      port,
      retention: { default: retention },
      receipts: { default: receipts },
      ...(threads === undefined ? {} : { threads }),
      ...(cheat === undefined ? {} : { cheat }),
      ...(epochBlocks === undefined ? {} : { epochBlocks }),
      audit,
      auditFrom,
      ...(attesterRoots === undefined ? {} : { attesterRoots: resolve(attesterRoots) }),
      ...devices,
    })
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'EADDRINUSE') throw new UtnetError('port_in_use', `port ${port} is in use`, { cause })
    if (code === 'EACCES') throw new UtnetError('port_in_use', `port ${port} may not be opened by this user`, { cause })
    // What a device or a thread count may be is known where they are opened; here it was typed.
    if (isUtnetError(cause, 'core_bad_argument'))
      throw new UtnetError('usage', cause.message, { ...(cause.hint === undefined ? {} : { hint: cause.hint }), cause })
    throw cause
  }
}

export const dev: Verb = {
  name: 'dev',
  usage: `dev [--port N] [--data DIR] [--watch DIR] [--retention public|sealed|none] [--receipts on|off] [--threads N] [--cheat SHARE] [--epoch-blocks N] [--audit on|off] [--audit-from URL]... [--attester-roots DIR] ${DEVICE_USAGE}`,
  summary: 'an embedded node: gateway, runtime, chain of one validator, store',
  options: {
    port: { type: 'string', short: 'p', whole: PORT },
    data: { type: 'string' },
    watch: { type: 'string' },
    retention: { type: 'string' },
    receipts: { type: 'string' },
    threads: { type: 'string', whole: [0n, BigInt(LIMITS.edgeThreads)] },
    cheat: { type: 'string' },
    'epoch-blocks': { type: 'string', whole: [1n, 999_999n] },
    audit: { type: 'string' },
    'audit-from': { type: 'string', multiple: true },
    'attester-roots': { type: 'string' },
    ...DEVICE_FLAGS,
  },
  positionals: [0, 0],
  async run(context) {
    const data = dataFolder(context)
    const watched = watchedFolder(context)
    const options = {
      data,
      port: portOf(context),
      retention: retentionOf(context),
      receipts: receiptsOf(context),
      threads: wholeFlag(context, 'threads'),
      cheat: cheatOf(context),
      epochBlocks: epochBlocksOf(context, data),
      audit: auditOf(context),
      auditFrom: listFlag(context, 'audit-from'),
      attesterRoots: textFlag(context, 'attester-roots'),
      devices: devicesAsked(context),
    }
    const stop = askedToStop()
    const node = await start(options)
    try {
      // A dev node's own chain is one that this user trusts; its genesis says that it is a dev chain.
      if (node.madeGenesis) trustChain(node.genesis)
      // What says that it is ready has the project: whoever asks for it next is not told that there is none.
      const stopWatching = watched === undefined ? undefined : await watchAndDeploy(watched, node.api, context.say)
      const info = await node.api.info()
      if (context.json) context.print({ url: node.url, data, chainId: info.chainId, nodeKey: info.nodeKey })
      else
        context.say(
          `utnet dev is ready at ${node.url}\n  data   ${data}\n  chain  ${info.chainId} (dev)\n  node   ${info.nodeKey}\nCtrl-C stops it.`,
        )
      if (options.cheat !== undefined) context.say(`this node lies in one of ${options.cheat} inferences: watch ${node.url}/v1/events`)
      await stop
      context.say('stopping')
      await stopWatching?.()
    } finally {
      await node.close()
    }
    // A supervisor must see that it was not told to stop.
    return node.failure() === undefined ? 0 : 1
  },
}
