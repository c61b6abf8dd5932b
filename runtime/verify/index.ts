/**
 * `utnet/verify`: checks receipts, proof bundles and state proofs against a trusted genesis. Pure, no native code; runs on Node 20 and in browsers.
 *
 * Does not promise: that a result is *right* (only that this node answers for it, and when), unless re-execution is asked for; that a chain is the
 * one you mean (you name it, by its genesis); that a block's state follows from its transactions (that is what the validators vote on).
 */
export { verifyBundle } from './bundle.ts'
export type { BundleOptions, Reexecute, Reexecution, ReexecutionInput } from './bundle.ts'
export type { Check, CheckName, Verification } from './checks.ts'
export { stepsOf } from './epochs.ts'
export { verifyReceiptView } from './receipt-view.ts'
export type { ReceiptViewOptions } from './receipt-view.ts'
export { verifyStateProof } from './state-proof.ts'
export type { TrustOptions } from './trust.ts'
