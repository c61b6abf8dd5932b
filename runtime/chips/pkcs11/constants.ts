/** Numbers of PKCS#11 2.40 (OASIS, pkcs11t.h), and of version 3.0 for Edwards curves. */
export const CK = {
  serialSession: 0x4,
  rwSession: 0x2,
  user: 1,
  publicKey: 2,
  privateKey: 3,
  secretKey: 4,
  typeEc: 0x3,
  typeGenericSecret: 0x10,
  typeAes: 0x1f,
  aesKeyGen: 0x1080,
  aesKeyWrap: 0x2109,
  ecKeyPairGen: 0x1040,
  ecdsa: 0x1041,
  edwardsKeyPairGen: 0x1055,
  eddsa: 0x1057,
} as const

export const CKA = {
  class: 0x0,
  token: 0x1,
  private: 0x2,
  label: 0x3,
  value: 0x11,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  encrypt: 0x104,
  decrypt: 0x105,
  wrap: 0x106,
  unwrap: 0x107,
  sign: 0x108,
  verify: 0x10a,
  valueLen: 0x161,
  extractable: 0x162,
  modifiable: 0x170,
  ecParams: 0x180,
  ecPoint: 0x181,
} as const

export const CKR = {
  generalError: 0x5,
  functionFailed: 0x6,
  encryptedDataInvalid: 0x40,
  encryptedDataLenRange: 0x41,
  userAlreadyLoggedIn: 0x100,
  wrappedKeyInvalid: 0x110,
  wrappedKeyLenRange: 0x112,
} as const

/** Object identifiers in DER: P-256 (RFC 5480), Ed25519 (RFC 8410). */
export const EC_PARAMS = {
  p256: Buffer.from('06082a8648ce3d030107', 'hex'),
  ed25519: Buffer.from('06032b6570', 'hex'),
} as const
