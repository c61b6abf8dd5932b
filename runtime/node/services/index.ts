/** What the NodeApi does, by topic. */
export * as chainView from './chain-view.ts'
export * as contracts from './contracts.ts'
export * as history from './events.ts'
export * as files from './files.ts'
export * as guests from './guests.ts'
export * as inference from './inference.ts'
export * as proofs from './proofs.ts'
export * as transactions from './submit.ts'
