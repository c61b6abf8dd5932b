/** Cryptography, the portable half: pure, runs in browsers. `native.ts` has the same functions by node:crypto and blst. */
import { blsVerify } from './bls.ts'
import { validatorCheck } from './validator.ts'

export * from './bls.ts'
export * from './certificate.ts'
export * from './ed25519.ts'
export * from './seal.ts'
export * from './vrf.ts'

/** True when a validator may enter a set: a usable node key, power above zero, and a vote key with a valid proof of possession. */
export const verifyValidator = /* @__PURE__ */ validatorCheck(blsVerify)
