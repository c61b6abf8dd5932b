/** Chips in PKCS#11 tokens. */
export { pkcs11Chips, type Pkcs11Options } from './engine.ts'
