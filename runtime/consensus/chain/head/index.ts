/** The open chain in memory: its head, with accounts and values as the head has them. */
export { type ChainCore, type ChainHead, type ExecutedBlock, headState, noHeight, poolView, rememberResults, resultsAt } from './core.ts'
export { HeadAccounts } from './head-accounts.ts'
export { HeadContracts } from './head-contracts.ts'
