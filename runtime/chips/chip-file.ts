/** A chip as a node keeps it: one file each, without a secret that opens anything elsewhere. */
import {
  asArray,
  asBytes,
  asText,
  chipCertificateCbor,
  decode,
  encode,
  readChipCertificate,
  UtnetError,
  type ChipCertificate,
} from '../core/index.ts'
import type { ChipBackend, HeldChip } from './port.ts'

/** What the file of one chip holds. */
export interface ChipFile {
  readonly held: HeldChip
  /** The BLS key's secret as the chip wrapped it. */
  readonly wrapped: Uint8Array
  /** Names serial, identity key and BLS key. */
  readonly certificate: ChipCertificate
}

const BACKENDS: readonly string[] = ['software', 'pkcs11', 'tpm2'] satisfies readonly ChipBackend[]
const FILE_BYTES = 16 * 1024

/** Canonical bytes of a chip's file. */
export function encodeChipFile({ held, wrapped, certificate }: ChipFile): Uint8Array {
  return encode([1, held.backend, held.sealed, wrapped, chipCertificateCbor(certificate)])
}

/** The chip of its file; throws `data_corrupt`. */
export function decodeChipFile(bytes: Uint8Array): ChipFile {
  try {
    const list = asArray(decode(bytes, 'chip file', FILE_BYTES), 'chip file', 5)
    const backend = asText(list[1], 'back-end')
    if (list[0] !== 1 || !BACKENDS.includes(backend))
      throw new UtnetError('core_not_canonical', 'chip file of an unknown version or back-end')
    const certificate = readChipCertificate(list[4])
    return {
      held: {
        backend: backend as ChipBackend,
        serial: certificate.serial,
        identity: certificate.identity,
        sealed: asBytes(list[2], 'sealed key'),
      },
      wrapped: asBytes(list[3], 'wrapped key'),
      certificate,
    }
  } catch (cause) {
    throw new UtnetError('data_corrupt', 'the file of a chip cannot be read', {
      hint: 'restore it from a copy, or enrol a new chip: utnet node enroll',
      cause,
    })
  }
}
