/** What validators are asked to sign: that a leaf of an anchored batch is wrong, by evidence that takes more than the chain's rules to weigh. docs/spec/rollup.md */
import { asArray, asBytes, asText, asUint, decode, digest, encode, equalBytes } from '../codec/index.ts'
import { UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { runSeed, type RunBody } from '../receipt/index.ts'
import { anchoredCbor, readAnchored, readPath, type AnchoredBatch, type ShownLeaf } from './rollup.ts'

/** `context`: headers that every validator has; `bundle`: a run that gives something else when it is run again; `transcript`: a dispute that its prover lost. */
export type LeafEvidenceKind = 'context' | 'bundle' | 'transcript'

const KINDS: readonly string[] = ['context', 'bundle', 'transcript'] satisfies LeafEvidenceKind[]

/** Evidence against a leaf, by kind. */
export interface LeafEvidence {
  readonly kind: LeafEvidenceKind
  /** The file; of `context` there is none. */
  readonly bytes: Uint8Array
}

/** The leaf, where it is anchored, and what shows that it is wrong. */
export interface VerdictRequest {
  readonly target: AnchoredBatch
  readonly shown: ShownLeaf
  readonly evidence: LeafEvidence
}

/** What a `verdict` claim names as its transcript: digest("refute-evidence", [kind, bytes]). */
export function leafEvidenceDigest({ kind, bytes }: LeafEvidence): Uint8Array {
  return digest('refute-evidence', encode([kind, bytes]))
}

/** Canonical bytes: [1, anchored batch, [index, leaf, path], kind, bytes]. */
export function encodeVerdictRequest({ target, shown, evidence }: VerdictRequest): Uint8Array {
  const { index, leaf, path } = shown
  return encode([1, anchoredCbor(target), [index, leaf, [...path]], evidence.kind, evidence.bytes])
}

/** The request of its bytes; throws `core_not_canonical` or `core_too_large`. Nothing that it says is checked here. */
export function decodeVerdictRequest(bytes: Uint8Array): VerdictRequest {
  const list = asArray(decode(bytes, 'verdict request', LIMITS.bodyBytes), 'verdict request', 5)
  if (list[0] !== 1) throw new UtnetError('core_not_canonical', 'a verdict request of another version')
  const [index, leaf, path] = asArray(list[2], 'leaf', 3)
  const kind = asText(list[3], 'kind of evidence')
  const file = asBytes(list[4], 'evidence')
  if (!KINDS.includes(kind)) throw new UtnetError('core_not_canonical', `evidence of kind ${kind.slice(0, 40)} is not known`)
  if (kind === 'context' && file.length > 0) throw new UtnetError('core_not_canonical', 'evidence of kind context has no bytes')
  return {
    target: readAnchored(list[1]),
    shown: { index: asUint(index, 'index'), leaf: asBytes(leaf, 'leaf'), path: readPath(path) },
    evidence: { kind: kind as LeafEvidenceKind, bytes: file },
  }
}

/**
 * Why what a run says of its block is wrong, by the block of that height; undefined where it is right. The state keeps no old seeds, so a transaction cannot show
 * it: it takes a verdict.
 */
export function contextFault(body: RunBody, block: { readonly time: number; readonly seed: Uint8Array }): string | undefined {
  if (body.context.time < block.time) return 'its time lies before its block'
  if (!equalBytes(body.context.seed, runSeed(block.seed, body.module, body.input, body.thread, body.seq)))
    return 'its seed does not follow from the block, module, input and number'
  return undefined
}
