/** `utnet chain verdict`: asks validators to weigh evidence against a receipt, adds their signatures up, and refutes its batch. */
import { existsSync, readFileSync } from 'node:fs'
import { createClient } from '../../gateway/client/index.ts'
import {
  asBytes,
  asCid,
  asUtnetError,
  bitsOf,
  decode,
  decodeReceipt,
  decodeVerdictRequest,
  encodeVerdictRequest,
  formatKey,
  fromBase64,
  isUtnetError,
  leafEvidenceDigest,
  LIMITS,
  parseCid,
  readBundleFile,
  UtnetError,
  verdictMessage,
  type Cbor,
  type LeafEvidence,
  type NodeApi,
  type PowerView,
  type VerdictRequest,
  type VerdictView,
} from '../../runtime/core/index.ts'
import { blsAggregate, blsVerify } from '../../runtime/crypto/native.ts'
import { anchoredLeaf, type LeafSought, callAndWait } from '../chain/index.ts'
import { listFlag, textFlag, type VerbContext } from '../verb.ts'

export const VERDICT_OPTIONS = {
  validator: { type: 'string', multiple: true },
  leaves: { type: 'string' },
  'dry-run': { type: 'boolean' },
} as const

const GAS = 80_000_000n

/** What `read` makes of the bytes; undefined where they are something else. */
function readAs<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isUtnetError(error)) return undefined
    throw error
  }
}

/** A field of a map; undefined of whatever is none. */
const field = (of: Cbor | undefined, name: string): Cbor | undefined =>
  typeof of === 'object' && of !== null ? (of as Readonly<Record<string, Cbor>>)[name] : undefined

/** The receipt that a file is about: a proof bundle, or the transcript of a dispute. */
function soughtIn(bytes: Uint8Array): { readonly evidence: LeafEvidence; readonly sought: LeafSought } | undefined {
  const bundle = readAs(() => readBundleFile(bytes))
  if (bundle !== undefined) {
    const body = decodeReceipt(bundle.get(bundle.root.receipt))
    if (body.kind === 'call') throw new UtnetError('usage', 'the bundle is of a call, which every validator ran')
    return { evidence: { kind: 'bundle', bytes }, sought: { receipt: bundle.root.receipt, node: body.node } }
  }
  return readAs(() => {
    const claim = field(decode(bytes, 'transcript', LIMITS.transcriptBytes), 'claim')
    const sought = { receipt: asCid(field(claim, 'receipt'), 'receipt'), node: asBytes(field(claim, 'prover'), 'prover', 32) }
    return { evidence: { kind: 'transcript', bytes } as const, sought }
  })
}

async function requestOf(file: string, api: NodeApi, data: NodeApi): Promise<VerdictRequest> {
  if (!existsSync(file)) throw new UtnetError('usage', `there is no file ${file}`)
  const bytes = new Uint8Array(readFileSync(file))
  const request = readAs(() => decodeVerdictRequest(bytes))
  if (request !== undefined) return request
  const found = soughtIn(bytes)
  if (found === undefined) throw new UtnetError('usage', `${file} is no bundle, no transcript and no request of an audit`)
  return { ...(await anchoredLeaf(api, data, found.sought)), evidence: found.evidence }
}

interface Asked {
  readonly url: string
  readonly view: VerdictView
}

async function ask(context: VerbContext, urls: readonly string[], wire: Uint8Array): Promise<Asked[]> {
  const answers = await Promise.all(
    urls.map(async (url): Promise<Asked | undefined> => {
      try {
        return { url, view: await createClient(url).verdict(wire) }
      } catch (thrown) {
        const { code, message } = asUtnetError(thrown)
        context.say(`${url}: ${message} (${code})`)
        return undefined
      }
    }),
  )
  return answers.filter((a) => a !== undefined)
}

interface Signed {
  readonly power: number
  readonly signature: Uint8Array
  readonly why: string
}

/** The signatures of members, each once, in the order of the set; what does not hold is left out and named. */
function counted(
  context: VerbContext,
  asked: readonly Asked[],
  set: PowerView,
  message: Uint8Array,
  keys: ReadonlyMap<string, Uint8Array>,
) {
  const good = new Map<number, Signed>()
  for (const { url, view } of asked) {
    const place = set.members.findIndex(({ node }) => node === view.validator)
    const bls = keys.get(view.validator)
    const signature = readAs(() => fromBase64(view.signature))
    if (place < 0 || bls === undefined || signature === undefined || !blsVerify(signature, message, bls))
      context.say(`${url}: what it signed does not count`)
    else good.set(place, { power: set.members[place]?.power ?? 0, signature, why: view.why })
  }
  const places = [...good.keys()].toSorted((a, b) => a - b)
  const list = places.map((place) => good.get(place) as Signed)
  return {
    why: list[0]?.why ?? null,
    power: list.reduce((sum, { power }) => sum + power, 0),
    signers: bitsOf(places, set.members.length),
    signature: list.length === 0 ? undefined : blsAggregate(list.map((v) => v.signature)),
  }
}

/** Exit code: 0 where the batch was refuted; 1 where the signatures are not more than half of the power, or the chain refuses. */
export async function chainVerdict(context: VerbContext, file: string): Promise<number> {
  const api = context.node()
  const leaves = textFlag(context, 'leaves')
  const named = listFlag(context, 'validator')
  const urls = named.length === 0 ? [context.nodeUrl] : [...new Set(named)]
  const request = await requestOf(file, api, leaves === undefined ? api : createClient(leaves))
  const { target, shown, evidence } = request
  const asked = await ask(context, urls, encodeVerdictRequest(request))
  const { chainId } = await api.chain()
  const transcript = leafEvidenceDigest(evidence)
  const message = verdictMessage(parseCid(chainId, 'chain id'), target, shown, transcript)
  const set = await api.power()
  const keys = new Map(set.members.map(({ node, vote }) => [node, fromBase64(vote)]))
  const { why, power, signers, signature } = counted(context, asked, set, message, keys)
  const said = {
    of: formatKey(target.batch.node),
    anchor: target.anchor.toString(),
    leaf: shown.index,
    why,
    power,
    total: set.total,
  }
  if (signature === undefined || power * 2 <= set.total) {
    context.print({ ...said, refuted: false })
    context.say('it takes the signatures of more than half of the power: name more with --validator URL')
    return 1
  }
  if (context.flags['dry-run'] === true) {
    context.print({ ...said, refuted: false })
    return 0
  }
  const claim = { kind: 'verdict', ...shown, transcript, signers, signature } as const
  const { status, message: refusal, hash, height } = await callAndWait(api, { kind: 'refute', target, claim }, GAS)
  context.print({ ...said, refuted: status === 'ok', transaction: hash, height })
  if (status === 'ok') return 0
  context.say(`the chain refuses: ${refusal ?? String(status)}`)
  return 1
}
