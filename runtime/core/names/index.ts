/** Addresses of accounts, names of guests and models. */
export * from './address.ts'
export * from './name.ts'
