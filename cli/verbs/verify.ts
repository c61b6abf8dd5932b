/** `utnet verify`: checks a bundle or a receipt against the chains that this user trusts; with a bundle file it needs no node and no network. */
import { existsSync, readFileSync } from 'node:fs'
import { asUtnetError, chainIdOf, decodeGenesis, fromBase64, readBundleFile, UtnetError, type Genesis } from '../../runtime/core/index.ts'
import {
  stepsOf,
  verifyBundle,
  verifyReceiptView,
  type ReceiptViewOptions,
  type TrustOptions,
  type Verification,
} from '../../runtime/verify/index.ts'
import { verifyChainEntry } from '../../runtime/verify/light.ts'
import { encodeStep } from '../../runtime/consensus/light/index.ts'
import { anchoredBundle, readCheckpointFile } from '../chain/index.ts'
import { loadRuntime } from '../runtime.ts'
import { readGenesisFile, trustedChains } from '../settings/index.ts'
import { textFlag, type Verb, type VerbContext } from '../verb.ts'
import { verifyTranscript } from './verify-transcript.ts'

function trustOf(context: VerbContext): Genesis[] {
  const file = textFlag(context, 'genesis')
  return file === undefined ? trustedChains() : [decodeGenesis(readGenesisFile(file))]
}

/** Where trust begins: the genesis, or the block of a checkpoint file; and what time it is. */
function rootsOf(context: VerbContext, trust: readonly Genesis[]): TrustOptions & { readonly from?: number } {
  const named = textFlag(context, 'checkpoint')
  const roots = { trust, now: Date.now() }
  if (named === undefined) return roots
  const { chainId, height, point } = readCheckpointFile(named)
  if (!trust.some((g) => chainIdOf(g).toString() === chainId))
    throw new UtnetError('trust_unknown', `the checkpoint is of chain ${chainId}, which you do not trust`, {
      hint: 'utnet chain trust GENESIS.json, or --genesis FILE',
    })
  return { ...roots, checkpoints: [fromBase64(point, 'point')], from: height }
}

/**
 * A receipt's file does not hold the block that anchors it. Where the node is at hand it is asked for that; what it says is proven by the
 * chain's own certificate. Without it the check fails and names the bundle.
 */
async function anchorBlock(context: VerbContext, view: unknown): Promise<Pick<ReceiptViewOptions, 'header' | 'certificate' | 'epochs'>> {
  const id = (view as { id?: unknown } | null)?.id
  if (typeof id !== 'string') return {}
  try {
    const { root, get } = readBundleFile(await context.node().bundle(id))
    return {
      header: get(root.anchorBlock.header),
      certificate: get(root.anchorBlock.certificate),
      epochs: [...stepsOf(root, get)].map(encodeStep),
    }
  } catch (thrown) {
    context.say(`the node at ${context.nodeUrl} does not give the block of the anchor: ${asUtnetError(thrown).message}`)
    return {}
  }
}

/** True for a line of `utnet chain events`. */
function isChainEntry(view: unknown): boolean {
  const type = (view as { type?: unknown } | null)?.type
  return type === 'event' || type === 'transaction'
}

async function check(context: VerbContext, trust: Genesis[]): Promise<Verification> {
  const what = context.args[0] as string
  const again = context.flags['reexecute'] === true
  const { from, ...roots } = rootsOf(context, trust)
  const options = again ? { ...roots, reexecute: (await loadRuntime()).reexecute } : roots
  if (!existsSync(what)) {
    if (!/^b[a-z2-7]{20,}$/.test(what)) throw new UtnetError('usage', `there is no file ${what}, and it is not a receipt id`)
    return verifyBundle(await anchoredBundle(context.node(), what, from === undefined ? {} : { from }), options)
  }
  const bytes = readFileSync(what)
  if (bytes[0] !== 0x7b) return verifyBundle(bytes, options)
  let view: unknown
  try {
    view = JSON.parse(bytes.toString('utf8'))
  } catch {
    return {
      valid: false,
      checks: [{ name: 'container', ok: false, detail: 'the file is neither a bundle nor the JSON of a receipt or of an event' }],
    }
  }
  if (isChainEntry(view)) return verifyChainEntry(view, roots)
  return verifyReceiptView(view, { ...roots, ...(await anchorBlock(context, view)) })
}

export const verify: Verb = {
  name: 'verify',
  usage: 'verify FILE|ID [--genesis FILE] [--checkpoint FILE] [--reexecute] | verify transcript FILE [--model FILE] [--operators FILE]',
  summary: 'check a bundle, a receipt, an event or the transcript of a dispute; exit 0 only if every check holds',
  options: {
    genesis: { type: 'string' },
    checkpoint: { type: 'string' },
    reexecute: { type: 'boolean' },
    model: { type: 'string' },
    operators: { type: 'string' },
  },
  positionals: [1, 2],
  async run(context) {
    if (context.args[0] === 'transcript' && context.args.length === 2) return verifyTranscript(context, context.args[1] as string)
    if (context.args.length > 1)
      throw new UtnetError('usage', 'verify takes one file or receipt id', { hint: 'utnet verify transcript FILE' })
    const result = await check(context, trustOf(context))
    context.print(result)
    for (const bad of result.checks.filter((c) => !c.ok)) context.say(`${bad.name}: ${bad.detail}`)
    const failed = (name: string): boolean => result.checks.some((c) => c.name === name && !c.ok)
    if (failed('trust')) context.say('  next: utnet chain trust GENESIS.json, or --genesis FILE')
    else if (failed('header') && failed('certificate'))
      context.say('  next: utnet receipt ID --wait --bundle -o FILE, then: utnet verify FILE')
    return result.valid ? 0 : 1
  },
}
