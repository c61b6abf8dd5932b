/** Transactions that run contracts: publish, call, answer; and the receipts of a block's calls. */
export { applyAnswer } from './apply-answer.ts'
export { applyCall } from './apply-call.ts'
export { applyPublish, checkPublish } from './apply-publish.ts'
export { runGuarded } from './run-contract.ts'
export { eventRoot, sealCalls } from './seal-calls.ts'
