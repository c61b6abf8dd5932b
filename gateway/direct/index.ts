/** Functions and signed transactions straight on node:http. */
export { DirectResponse, KEEP_ALIVE_MS } from './answer.ts'
export { directFunctions, type FunctionServer } from './functions.ts'
export { directTransactions, type TransactionServer } from './transactions.ts'
