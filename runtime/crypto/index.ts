/** Cryptography, the portable half: pure, runs in browsers. `native.ts` has the same functions by node:crypto and blst. */
import { blsVerify } from './bls.ts'
import { verifyEd25519 } from './ed25519.ts'
import { identityCheck } from './identity.ts'
import { verifyP256 } from './p256.ts'
import { validatorCheck } from './validator.ts'

export * from './bls.ts'
export * from './certificate.ts'
export * from './ed25519.ts'
export { lowerP256 } from './p256-rule.ts'
export * from './p256.ts'
export * from './seal.ts'
export { VRF_PROOF_BYTES, vrfOutput, vrfProve, vrfVerify, type VrfSuite } from './vrf.ts'

/** True when a validator may enter a set: a usable node key, power above zero, and a vote key with a valid proof of possession. */
export const verifyValidator = /* @__PURE__ */ validatorCheck(blsVerify)

/** True when a chip's signature (64 bytes) is valid for the message under its identity key. False, never an error, for malformed input. */
export const verifyIdentity = /* @__PURE__ */ identityCheck(verifyEd25519, verifyP256)
