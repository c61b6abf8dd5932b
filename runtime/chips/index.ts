/** Chips: security engines in software, in PKCS#11 tokens and in TPMs, and how they are certified (docs/spec/chips.md). */
export { decodeChipFile, encodeChipFile, type ChipFile } from './chip-file.ts'
export {
  attester,
  type AttesterOptions,
  type Challenge,
  registrationOf,
  type Claim,
  decodeRequest,
  encodeRequest,
  requestOf,
  tpmRequestOf,
  type EnrolmentRequest,
  certifyChip,
  vendorKey,
  type VendorKey,
} from './enrol/index.ts'
export { openHeldChips, type HeldChips } from './held-chips.ts'
export { pkcs11Chips, type Pkcs11Options } from './pkcs11/index.ts'
export type { BlsHandle, ChipBackend, ChipMaker, HeldChip, SecurityEngine } from './port.ts'
export { softwareChips } from './software/index.ts'
export { tpmChips, type TpmChips, type TpmEngine, readCertificate } from './tpm2/index.ts'
