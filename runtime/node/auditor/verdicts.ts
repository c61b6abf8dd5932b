/** A validator's word on a leaf that no rule of the chain finds wrong: it weighs the evidence itself, and signs. docs/spec/rollup.md */
import {
  bitsOf,
  concatBytes,
  decodeReceipt,
  decodeTx,
  encodeBatch,
  equalBytes,
  leafEvidenceDigest,
  formatKey,
  isUtnetError,
  leafHash,
  rollupEnds,
  toBase64,
  toHex,
  totalPower,
  UtnetError,
  verdictMessage,
  verifyInclusion,
  type AnchoredBatch,
  type Claim,
  type VerdictRequest,
  type VerdictView,
} from '../../core/index.ts'
import type { Chain, Voter } from '../../consensus/index.ts'
import type { Examined } from './examine.ts'
import type { Examiner } from './examiner.ts'
import { faultOf } from './leaves.ts'

/** What a verdict takes. */
export interface VerdictOptions {
  readonly chain: Pick<Chain, 'chainId' | 'head' | 'headerAt' | 'setAt' | 'tx' | 'batchHead'>
  /** Key of this node. */
  readonly node: Uint8Array
  readonly voter: Pick<Voter, 'sign'>
  readonly examiner: Pick<Examiner, 'examine'>
}

const refuse = (why: string): UtnetError => new UtnetError('verdict_refused', `no verdict: ${why}`)

/** Height and time of the block that anchored a batch, if it can be refuted still. Throws `verdict_refused`. */
function openAnchor(
  chain: VerdictOptions['chain'],
  { anchor, at, batch, sig }: AnchoredBatch,
): { readonly height: number; readonly time: number } {
  let found
  try {
    found = chain.tx(anchor)
  } catch (error) {
    if (isUtnetError(error)) throw refuse(`${anchor.toString()} is no transaction of this chain`)
    throw error
  }
  if (found.state !== 'final' || found.outcome.status !== 'ok') throw refuse(`${anchor.toString()} is not final`)
  const { payload } = decodeTx(found.wire).body
  const there = payload.kind === 'anchor' ? payload.batches[at] : undefined
  if (there === undefined || !equalBytes(concatBytes(encodeBatch(there.batch), there.sig), concatBytes(encodeBatch(batch), sig)))
    throw refuse(`the batch is not number ${at} of the anchor`)
  if (chain.head().header.height + 1 > rollupEnds(found.height).open) throw refuse('its time is over')
  const { closed, next } = chain.batchHead(batch.node, batch.thread)
  if (closed !== null && batch.first >= next) throw refuse('the batch is void already')
  return { height: found.height, time: chain.headerAt(found.height).header.time }
}

/** Weighs a request as this node sees it. Throws `verdict_refused` where it is of nothing that can be refuted, `host_busy`. */
export async function weigh({ chain, examiner }: VerdictOptions, { target, shown, evidence }: VerdictRequest): Promise<Examined> {
  const anchor = openAnchor(chain, target)
  const { batch } = target
  if (!verifyInclusion(leafHash(shown.leaf), shown.index, batch.size, shown.path, batch.root))
    throw refuse('the leaf is not that of its number in the batch')
  const fault = faultOf(shown.leaf, shown.index, anchor, batch, chain.chainId, (height) => chain.headerAt(height).header)
  if (fault?.kind === 'rule') throw refuse(`the chain finds by itself that ${fault.why}: refute the leaf`)
  if (fault !== undefined) return { result: 'wrong', why: fault.why }
  if (evidence.kind === 'context') return { result: 'right', why: 'its context is that of its block' }
  return examiner.examine(shown.leaf, evidence)
}

/** Where this node votes in the next block; power 0 where it does not. */
function seatOf({ chain, node }: VerdictOptions): {
  readonly place: number
  readonly power: number
  readonly total: number
  readonly size: number
} {
  const set = chain.setAt(chain.head().header.height + 1)
  const place = set.findIndex(({ key }) => equalBytes(key, node))
  return { place, power: set[place]?.power ?? 0, total: totalPower(set), size: set.length }
}

const sign = ({ chain, voter }: VerdictOptions, { target, shown, evidence }: VerdictRequest): Uint8Array =>
  voter.sign(verdictMessage(chain.chainId, target, shown, leafEvidenceDigest(evidence)))

/** Signs what this node itself finds wrong; throws `verdict_refused` and says why not. */
export async function signVerdict(options: VerdictOptions, request: VerdictRequest): Promise<VerdictView> {
  const { power, total } = seatOf(options)
  if (power === 0) throw refuse('this node is no validator')
  const { result, why } = await weigh(options, request)
  if (result !== 'wrong') throw refuse(result === 'right' ? `the receipt holds: ${why}` : why)
  const { target, shown, evidence } = request
  const body = decodeReceipt(shown.leaf)
  return {
    validator: formatKey(options.node),
    power,
    total,
    anchor: target.anchor.toString(),
    of: body.kind === 'call' ? '' : formatKey(body.node),
    evidence: toHex(leafEvidenceDigest(evidence)),
    signature: toBase64(sign(options, request)),
    why,
  }
}

/** The claim of a node that has more than half of the power alone; undefined of any other. */
export function soleVerdict(options: VerdictOptions, request: VerdictRequest): (Claim & { readonly kind: 'verdict' }) | undefined {
  const { place, power, total, size } = seatOf(options)
  if (power * 2 <= total) return undefined
  const { shown, evidence } = request
  return {
    kind: 'verdict',
    ...shown,
    transcript: leafEvidenceDigest(evidence),
    signers: bitsOf([place], size),
    signature: sign(options, request),
  }
}
