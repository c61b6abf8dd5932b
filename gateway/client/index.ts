/** `utnet/client`: a NodeApi over fetch, and the readers of its fields. */
export { createClient, type ClientOptions } from './client.ts'
export { deployWithMap } from './deploy.ts'
export type { Fetch } from './transport.ts'
export { formatReceipt, hintOf, parseReceipt, RECEIPT_HEADER } from '../wire/index.ts'
export { isUtnetError, UtnetError } from '../../runtime/core/index.ts'
export type { NodeApi } from '../../runtime/core/index.ts'
