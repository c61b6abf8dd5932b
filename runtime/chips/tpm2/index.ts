/** The chip of a machine with a TPM 2.0, and what an attester checks of it. */
export { tpmChips, type TpmChips, type TpmEngine } from './engine.ts'
export { makeCredential, type Credential } from './credential.ts'
export { checkEndorsement, readCertificate, type EndorsementKind } from './endorsement.ts'
export { areaOfIdentity, machineSerial, nameOfArea } from './wire.ts'
