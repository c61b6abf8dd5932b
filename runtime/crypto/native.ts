/** Cryptography, the native half: node:crypto and blst, valid and invalid exactly as the portable half says. Node only. */
import { blsVerify } from './bls-native.ts'
import { validatorCheck } from './validator.ts'

export * from './bls-native.ts'
export * from './certificate.ts'
export * from './ed25519-native.ts'
export { isEd25519Key } from './ed25519.ts'
export * from './hashes-native.ts'
export * from './hpke.ts'
export * from './seal-native.ts'
export * from './sha256x4/index.ts'
export * from './vrf.ts'

/** True when a validator may enter a set: a usable node key, power above zero, and a vote key with a valid proof of possession. */
export const verifyValidator = validatorCheck(blsVerify)
