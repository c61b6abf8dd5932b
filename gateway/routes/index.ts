/** Routes outside `/v1`. */
export * from './admission.ts'
export * from './bulk.ts'
export * from './functions.ts'
export * from './guest-response.ts'
export * from './health.ts'
export * from './inference.ts'
export * from './ipfs.ts'
export * from './request-head.ts'
