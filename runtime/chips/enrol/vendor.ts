/** A vendor certifies chips: it sees public keys alone, the secrets are made in the chips (white paper 2.4, U2.4-POCI-2, where the maker's knowledge of PriK would be a hole). */
import { chipCertificateMessage, equalBytes, ownSerial, UtnetError, type ChipCertificate } from '../../core/index.ts'
import { openSigner } from '../../crypto/native.ts'
import { checkOwnWord, type EnrolmentRequest } from './request.ts'

export interface VendorKey {
  /** ed25519, 32 bytes: a root of the chain. */
  readonly key: Uint8Array
  readonly sign: (message: Uint8Array) => Uint8Array
}

/** The vendor of a 32-byte ed25519 secret. */
export function vendorKey(secret: Uint8Array): VendorKey {
  const { key, sign } = openSigner(secret)
  return { key, sign }
}

/** A vendor's certificate over {serial, identity key, BLS key, level, phi = 1}. */
export function signCertificate(vendor: VendorKey, said: Pick<ChipCertificate, 'serial' | 'identity' | 'bls' | 'level'>): ChipCertificate {
  const { serial, identity, bls, level } = said
  return { serial, identity, bls, level, vendor: vendor.key, sig: vendor.sign(chipCertificateMessage({ serial, identity, bls, level })) }
}

/**
 * Certifies a chip that the vendor has seen by other means: 1, a token that it handed out; 3, a chip of its own make. A TPM shows itself what it is (`attester`).
 * Throws `chip_enrolment` when the chip's own word does not hold or its serial is not the one that follows from its key.
 */
export function certifyChip(vendor: VendorKey, request: EnrolmentRequest, level: 1 | 3): ChipCertificate {
  checkOwnWord(request)
  const { serial, identity } = request.certificate
  if (!equalBytes(serial, ownSerial(identity)))
    throw new UtnetError('chip_enrolment', 'the request is refused: its serial is not the one of its identity key')
  return signCertificate(vendor, { ...request.certificate, level })
}
