/** What may stand in a block: transactions read and judged, and the base fee that they pay. */
export { badSignature, checkAgainst, checkEarly, checkForm, checkSignature, reserveOf, signedBySenders } from './admission.ts'
export { baseFeeOf, nextBaseFee, setBaseFee } from './base-fee.ts'
export { type ChainTx, readTx, signedBytes } from './checked-tx.ts'
