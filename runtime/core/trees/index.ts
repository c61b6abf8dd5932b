/** Merkle trees over lists, and proofs of a sparse tree. */
export * from './merkle.ts'
export * from './sparse-proof.ts'
