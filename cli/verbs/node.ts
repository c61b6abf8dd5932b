/** `utnet node`: the node's chips. */
import { resolve } from 'node:path'
import {
  chainIdOf,
  decodeGenesis,
  formatAddress,
  formatKey,
  LIMITS,
  parseAddress,
  toHex,
  UtnetError,
  type NodeApi,
  type TxPayload,
} from '../../runtime/core/index.ts'
import type { EnrolledChip } from '../../runtime/node/index.ts'
import { loadRuntime } from '../runtime.ts'
import { callAndWait, type Signer } from '../transactions.ts'
import { userKey } from '../user-folder.ts'
import { textFlag, type Verb, type VerbContext } from '../verb.ts'

function countOf(context: VerbContext): number {
  const text = textFlag(context, 'chips') ?? '1'
  if (!/^[1-9]\d{0,3}$/.test(text) || Number(text) > LIMITS.chipsPerEnrolment)
    throw new UtnetError('usage', `--chips must be 1 to ${LIMITS.chipsPerEnrolment}, got ${text}`)
  return Number(text)
}

function tpmOf(context: VerbContext): { readonly roots: string; readonly tcti?: string } | undefined {
  const [roots, tcti] = [textFlag(context, 'roots'), textFlag(context, 'tcti')]
  if (context.flags['tpm'] !== true) {
    if (roots !== undefined || tcti !== undefined) throw new UtnetError('usage', '--roots and --tcti go with --tpm')
    return undefined
  }
  if (roots === undefined) throw new UtnetError('usage', '--tpm needs --roots DIR: the certificates of the TPM makers that are trusted')
  if (context.flags['chips'] !== undefined) throw new UtnetError('usage', 'a TPM is one chip: --chips is for software and tokens')
  return { roots: resolve(roots), ...(tcti === undefined ? {} : { tcti }) }
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

/** Sends and waits; throws `chip_enrolment` when the chain refuses. */
async function done(api: NodeApi, payload: TxPayload, signer?: Signer): Promise<number> {
  const { status, message, height } = await callAndWait(api, payload, undefined, signer)
  if (status !== 'ok')
    throw new UtnetError('chip_enrolment', `the chain refuses: ${message ?? String(status)}`, { hint: 'utnet chain status' })
  return height ?? 0
}

async function enroll(context: VerbContext): Promise<number> {
  const tpm = tpmOf(context)
  const token = tokenOf(context)
  const count = countOf(context)
  const data = resolve(textFlag(context, 'data') ?? process.env['UTNET_DATA'] ?? '.utnet')
  const api = context.node()
  const genesis = decodeGenesis(await api.genesis())
  const user = userKey()
  const { enrolChips } = await loadRuntime()
  const { chips, node } = await enrolChips({
    data,
    chainId: chainIdOf(genesis),
    genesis,
    owner: parseAddress(user.address),
    count,
    ...(tpm === undefined ? {} : { tpm }),
    ...(token === undefined ? {} : { token }),
  })
  const { nodeKey } = await api.info()
  if (nodeKey !== formatKey(node.key))
    throw new UtnetError('chip_enrolment', `the node at ${context.nodeUrl} is not the one of ${data}`, {
      hint: 'name both: --node URL --data DIR',
    })
  for (const chip of chips) context.print(await register(api, chip, user.address, node.key))
  if (tpm === undefined && token === undefined) {
    // A chip of level 0 counts as far as its node's bond reaches.
    const amount = genesis.bondPrice * BigInt(count)
    await done(api, { kind: 'node', action: { op: 'bond', amount } }, { ...node, address: formatAddress(node.address) })
    context.say(`the node bonded ${amount} for them`)
  }
  context.say('they count from the next epoch but one on: utnet chain power')
  return 0
}

async function register(api: NodeApi, { registration, consent }: EnrolledChip, owner: string, node: Uint8Array): Promise<unknown> {
  const { serial, level, identity } = registration.certificate
  const height = await done(api, { kind: 'chip', action: { op: 'register', ...registration } })
  await done(api, { kind: 'chip', action: { op: 'assign', serial, node, consent } })
  return { serial: toHex(serial), level, identity: `${identity.alg}:${toHex(identity.bytes)}`, owner, node: formatKey(node), height }
}

export const node: Verb = {
  name: 'node',
  usage: 'node enroll [--chips N] [--token LABEL --library FILE | --tpm --roots DIR [--tcti TCTI]] [--data DIR]',
  summary: "registers chips that work for the node: in software, in a PKCS#11 token, or this machine's TPM under its maker's certificate",
  options: {
    chips: { type: 'string' },
    token: { type: 'string' },
    library: { type: 'string' },
    tpm: { type: 'boolean' },
    roots: { type: 'string' },
    tcti: { type: 'string' },
    data: { type: 'string' },
  },
  positionals: [1, 1],
  async run(context) {
    if (context.args[0] !== 'enroll') throw new UtnetError('usage', `node takes enroll, got ${String(context.args[0])}`)
    return enroll(context)
  },
}
