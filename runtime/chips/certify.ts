/** What all engines say in the same way. */
import { abytes, chipCertificateMessage, toHex, UtnetError, type ChipCertificate, type IdentityKey } from '../core/index.ts'

/** The certificate of a chip by itself: what `certify` gives over an engine's signature. */
export async function selfCertificate(
  serial: Uint8Array,
  identity: IdentityKey,
  bls: Uint8Array,
  sign: (message: Uint8Array) => Promise<Uint8Array>,
): Promise<ChipCertificate> {
  const said = { serial, identity, bls: abytes(bls, 48, 'BLS key'), level: 0 }
  return { ...said, vendor: null, sig: await sign(chipCertificateMessage(said)) }
}

/** What an engine signs, checked by name. */
export function adigest(message: Uint8Array): Uint8Array {
  return abytes(message, 32, 'message')
}

/** The key on record is not what the engine has. */
export function wrongKey(serial: Uint8Array, cause?: unknown): UtnetError {
  return new UtnetError('chip_key', `the key on record is not one of chip ${toHex(serial)}, or was changed`, {
    hint: 'restore the record of the chip, or enrol a new one: utnet node enroll',
    cause,
  })
}

/** The engine was closed before. */
export function closedChip(serial: Uint8Array): UtnetError {
  return new UtnetError('chip_engine', `chip ${toHex(serial)} is closed`)
}

/** The engine has no key of this kind. */
export function unknownAlgorithm(alg: string, backend: string): UtnetError {
  return new UtnetError('core_bad_argument', `${backend} chips have no ${alg} identity key`)
}
