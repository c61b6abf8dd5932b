/** What the gateway and its client must write and read alike. Pure, and without the gateway's dependencies. */
export * from './base64.ts'
export * from './failure.ts'
export { hintOf } from './hints.ts'
export * from './media.ts'
export * from './problem.ts'
export * from './read.ts'
export * from './receipt-header.ts'
