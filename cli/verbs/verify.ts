/** `utnet verify`: checks a bundle or a receipt against the chains that this user trusts; with a bundle file it needs no node and no network. */
import { existsSync, readFileSync } from 'node:fs'
import { asUtnetError, decodeGenesis, readBundleFile, UtnetError, type Genesis } from '../../runtime/core/index.ts'
import { verifyBundle, verifyChainEntry, verifyReceiptView, type Verification } from '../../runtime/verify/index.ts'
import { anchoredBundle } from '../anchored-bundle.ts'
import { loadRuntime } from '../runtime.ts'
import { readGenesisFile, trustedChains } from '../user-folder.ts'
import { textFlag, type Verb, type VerbContext } from '../verb.ts'
import { verifyTranscript } from './verify-transcript.ts'

function trustOf(context: VerbContext): Genesis[] {
  const file = textFlag(context, 'genesis')
  return file === undefined ? trustedChains() : [decodeGenesis(readGenesisFile(file))]
}

/**
 * A receipt's file does not hold the block that anchors it. Where the node is at hand it is asked for that; what it says is proven by the
 * chain's own certificate. Without it the check fails and names the bundle.
 */
async function anchorBlock(context: VerbContext, view: unknown): Promise<{ header?: Uint8Array; certificate?: Uint8Array }> {
  const id = (view as { id?: unknown } | null)?.id
  if (typeof id !== 'string') return {}
  try {
    const { root, get } = readBundleFile(await context.node().bundle(id))
    return { header: get(root.anchorBlock.header), certificate: get(root.anchorBlock.certificate) }
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
  const options = again ? { trust, reexecute: (await loadRuntime()).reexecute } : { trust }
  if (!existsSync(what)) {
    if (!/^b[a-z2-7]{20,}$/.test(what)) throw new UtnetError('usage', `there is no file ${what}, and it is not a receipt id`)
    return verifyBundle(await anchoredBundle(context.node(), what), options)
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
  if (isChainEntry(view)) return verifyChainEntry(view, { trust })
  return verifyReceiptView(view, { trust, ...(await anchorBlock(context, view)) })
}

export const verify: Verb = {
  name: 'verify',
  usage: 'verify FILE|ID [--genesis FILE] [--reexecute] | verify transcript FILE [--model FILE] [--operators FILE]',
  summary: 'check a bundle, a receipt, an event or the transcript of a dispute; exit 0 only if every check holds',
  options: { genesis: { type: 'string' }, reexecute: { type: 'boolean' }, model: { type: 'string' }, operators: { type: 'string' } },
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
