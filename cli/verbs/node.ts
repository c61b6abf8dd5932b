/** `utnet node`: the node's chips. */
import { resolve } from 'node:path'
import { chainIdOf, decodeGenesis, LIMITS, parseAddress, UtnetError } from '../../runtime/core/index.ts'
import { createClient } from '../../gateway/client/index.ts'
import type { EnrolOptions } from '../../runtime/node/index.ts'
import { dataFolder, userKey } from '../settings/index.ts'
import { tellChain } from '../chain/index.ts'
import { loadRuntime } from '../runtime.ts'
import { textFlag, wholeFlag, type Verb, type VerbContext } from '../verb.ts'

function tpmOf(context: VerbContext): NonNullable<EnrolOptions['tpm']> | undefined {
  const [roots, attester, tcti] = [textFlag(context, 'roots'), textFlag(context, 'attester'), textFlag(context, 'tcti')]
  if (context.flags['tpm'] !== true) {
    if (roots !== undefined || attester !== undefined || tcti !== undefined)
      throw new UtnetError('usage', '--roots, --attester and --tcti go with --tpm')
    return undefined
  }
  if ((roots === undefined) === (attester === undefined))
    throw new UtnetError(
      'usage',
      '--tpm needs --roots DIR, the certificates of the TPM makers that are trusted, or --attester URL of who has them',
    )
  if (context.flags['chips'] !== undefined) throw new UtnetError('usage', 'a TPM is one chip: --chips is for software and tokens')
  const by = attester === undefined ? { roots: resolve(roots as string) } : { attester: createClient(attester) }
  return { by, ...(tcti === undefined ? {} : { tcti }) }
}

const PIN = 'UTNET_TOKEN_PIN'

function tokenOf(context: VerbContext): { readonly library: string; readonly token: string; readonly pin: string } | undefined {
  const [token, library] = [textFlag(context, 'token'), textFlag(context, 'library')]
  if (token === undefined && library === undefined) return undefined
  if (token === undefined || library === undefined) throw new UtnetError('usage', '--token LABEL and --library FILE go together')
  if (context.flags['tpm'] === true) throw new UtnetError('usage', 'chips are either of a token or of a TPM')
  const pin = process.env[PIN]
  if (pin === undefined)
    throw new UtnetError('usage', `the PIN of the token is read from ${PIN}`, { hint: `${PIN}=... utnet node enroll --token LABEL ...` })
  return { library: resolve(library), token, pin }
}

async function enroll(context: VerbContext): Promise<number> {
  const tpm = tpmOf(context)
  const token = tokenOf(context)
  const count = wholeFlag(context, 'chips') ?? 1
  const data = dataFolder(context)
  const api = context.node()
  const genesis = decodeGenesis(await api.genesis())
  const user = userKey()
  const { enrolChips } = await loadRuntime()
  const enrolment = await enrolChips({
    data,
    node: (await api.info()).nodeKey,
    chainId: chainIdOf(genesis),
    genesis,
    owner: parseAddress(user.address),
    count,
    ...(tpm === undefined ? {} : { tpm }),
    ...(token === undefined ? {} : { token }),
  })
  // A chip of level 0 counts as far as its node's bond reaches.
  const bond = tpm === undefined && token === undefined ? genesis.bondPrice * BigInt(count) : 0n
  const epochs = new Set<number>()
  const told = { api, epochBlocks: genesis.epochBlocks, owner: user, bond, say: context.say }
  try {
    for (const view of await tellChain(told, enrolment)) {
      context.print(view)
      epochs.add(view.counts)
    }
  } finally {
    enrolment.notes.release()
  }
  if (bond > 0n) context.say(`the node bonded ${bond} for them`)
  context.say(`they count from epoch ${[...epochs].join(' and ')} on: utnet chain power`)
  return 0
}

export const node: Verb = {
  name: 'node',
  usage: 'node enroll [--chips N] [--token LABEL --library FILE | --tpm (--roots DIR | --attester URL) [--tcti TCTI]] [--data DIR]',
  summary: "registers chips that work for the node: in software, in a PKCS#11 token, or this machine's TPM under its maker's certificate",
  options: {
    chips: { type: 'string', whole: [1n, BigInt(LIMITS.chipsPerEnrolment)] },
    token: { type: 'string' },
    library: { type: 'string' },
    tpm: { type: 'boolean' },
    roots: { type: 'string' },
    attester: { type: 'string' },
    tcti: { type: 'string' },
    data: { type: 'string' },
  },
  positionals: [1, 1],
  async run(context) {
    if (context.args[0] !== 'enroll') throw new UtnetError('usage', `node takes enroll, got ${String(context.args[0])}`)
    return enroll(context)
  },
}
