/** Guests that rest and travel encrypted. */
export * from './seal.ts'
