/** Cryptography, the native half: node:crypto and blst, valid and invalid exactly as the portable half says. Node only. */
import { blsVerify } from './bls-native.ts'
import { verifyEd25519 } from './ed25519-native.ts'
import { identityCheck } from './identity.ts'
import { verifyP256 } from './p256-native.ts'
import { validatorCheck } from './validator.ts'

export * from './bls-native.ts'
export * from './certificate.ts'
export * from './ed25519-native.ts'
export { isEd25519Key } from './ed25519.ts'
export { useNativeHashes } from './hashes-native.ts'
export * from './hpke.ts'
export { lowerP256 } from './p256-rule.ts'
export * from './p256-native.ts'
export * from './p256-sign.ts'
export * from './seal-native.ts'
export * from './sha256x4/index.ts'
export * from './verifiers/index.ts'
export { VRF_PROOF_BYTES, vrfOutput, vrfVerify, type VrfSuite } from './vrf.ts'
export { vrfProve, vrfProver } from './vrf-native.ts'

/** True when a validator may enter a set: a usable node key, power above zero, and a vote key with a valid proof of possession. */
export const verifyValidator = validatorCheck(blsVerify)

/** True when a chip's signature (64 bytes) is valid for the message under its identity key. False, never an error, for malformed input. */
export const verifyIdentity = identityCheck(verifyEd25519, verifyP256)
