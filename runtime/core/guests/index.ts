/** Guests beside their code: sealing, and what keeps a guest and its operator apart. */
export * from './isolation.ts'
export * from './sealed-guest.ts'
