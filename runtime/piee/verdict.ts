/** Verdicts of a verifier: signed, and bound to the evidence that they stand on. */
import {
  concatBytes,
  decodeEvidence,
  decodeVerdict,
  domain,
  encodeEvidence,
  encodeVerdict,
  equalBytes,
  evidenceDigest,
  UtnetError,
  type Evidence,
  type Verdict,
} from '../core/index.ts'

/** An ed25519 key (32 bytes) that signs (64 bytes). */
export interface SigningKey {
  readonly key: Uint8Array
  sign(message: Uint8Array): Uint8Array
}

/** A verdict as it travels. */
export interface SignedVerdict {
  /** Canonical bytes of the verdict. */
  readonly verdict: Uint8Array
  /** ed25519 behind the domain `verdict`. */
  readonly sig: Uint8Array
  /** Canonical bytes of the evidence. */
  readonly evidence: Uint8Array
}

const toSign = (verdict: Uint8Array): Uint8Array => concatBytes(domain('verdict'), verdict)

/** Signs what was found. */
export function signVerdict(signer: SigningKey, found: Omit<Verdict, 'verifier' | 'evidence'>, evidence: Evidence): SignedVerdict {
  const bytes = encodeEvidence(evidence)
  const verdict = encodeVerdict({ ...found, evidence: evidenceDigest(bytes), verifier: signer.key })
  return { verdict, sig: signer.sign(toSign(verdict)), evidence: bytes }
}

/**
 * A verdict and its evidence. Throws `evidence_invalid` for a wrong signature, other evidence than the verdict names or evidence of another entry or result;
 * `evidence_unsupported` for kinds that nobody here can check; what the readers throw.
 */
export function openVerdict(
  { verdict, sig, evidence }: SignedVerdict,
  verify: (sig: Uint8Array, message: Uint8Array, key: Uint8Array) => boolean,
): { readonly verdict: Verdict; readonly evidence: Evidence } {
  const said = decodeVerdict(verdict)
  if (!verify(sig, toSign(verdict), said.verifier)) throw new UtnetError('evidence_invalid', 'the signature of the verdict is wrong')
  if (!equalBytes(evidenceDigest(evidence), said.evidence))
    throw new UtnetError('evidence_invalid', 'this is not the evidence that the verdict stands on')
  const found = decodeEvidence(evidence)
  if (found.kind === 'tee' || found.kind === 'zk')
    throw new UtnetError('evidence_unsupported', `no verifier for evidence of the kind ${found.kind} is built in`)
  if (found.entry !== said.entry)
    throw new UtnetError('evidence_invalid', `evidence of entry ${found.entry} for a verdict about ${said.entry}`)
  if (found.kind === 'reexec' && said.result !== 'unchecked' && (found.at === null) !== (said.result === 'same'))
    throw new UtnetError('evidence_invalid', `the evidence does not say that the results are ${said.result}`)
  return { verdict: said, evidence: found }
}
