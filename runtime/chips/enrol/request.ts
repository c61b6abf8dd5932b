/** What a chip shows to whoever certifies it: public keys alone, and of a TPM where it lies. */
import {
  asArray,
  asBytes,
  chipCertificateCbor,
  chipCertificateMessage,
  decode,
  encode,
  LIMITS,
  readChipCertificate,
  UtnetError,
  type ChipCertificate,
} from '../../core/index.ts'
import { verifyIdentity } from '../../crypto/native.ts'
import type { SecurityEngine } from '../port.ts'
import type { TpmEngine } from '../tpm2/index.ts'

/** What is sent to the attester. */
export interface EnrolmentRequest {
  /** The chip's own (level 0, no vendor): it shows that the identity key is at work and which BLS key is the chip's. */
  readonly certificate: ChipCertificate
  /** Of the chip of a TPM the endorsement key's certificate by the TPM's maker, X.509 in DER; else null. */
  readonly endorsement: Uint8Array | null
}

/** The request of any chip. */
export async function requestOf(engine: SecurityEngine, bls: Uint8Array): Promise<EnrolmentRequest> {
  return { certificate: await engine.certify(bls), endorsement: null }
}

/** The request of a TPM's chip. Throws `chip_engine` when the TPM has no endorsement certificate. */
export async function tpmRequestOf(engine: TpmEngine, bls: Uint8Array): Promise<EnrolmentRequest> {
  return { certificate: await engine.certify(bls), endorsement: await engine.endorsementCertificate() }
}

/** Canonical bytes of a request. */
export function encodeRequest({ certificate, endorsement }: EnrolmentRequest): Uint8Array {
  return encode([1, chipCertificateCbor(certificate), endorsement])
}

/** The request of its bytes; throws `core_not_canonical` or `core_too_large`. Its claims are not checked here. */
export function decodeRequest(bytes: Uint8Array): EnrolmentRequest {
  const list = asArray(decode(bytes, 'enrolment request', LIMITS.enrolmentBytes), 'enrolment request', 3)
  if (list[0] !== 1) throw new UtnetError('core_not_canonical', 'enrolment request of an unknown version')
  return { certificate: readChipCertificate(list[1]), endorsement: list[2] === null ? null : asBytes(list[2], 'endorsement certificate') }
}

/** Throws `chip_enrolment` unless the request's certificate is the chip's own word. */
export function checkOwnWord({ certificate }: EnrolmentRequest): void {
  if (certificate.vendor !== null || certificate.level !== 0)
    throw new UtnetError('chip_enrolment', 'the request is refused: its certificate is not by the chip itself')
  if (!verifyIdentity(certificate.sig, chipCertificateMessage(certificate), certificate.identity))
    throw new UtnetError('chip_enrolment', 'the request is refused: its certificate is not signed by the identity key that it names')
}
