/** Batches of receipts on the chain: anchored, refuted, shown on demand, settled (docs/spec/rollup.md). */
export { applyAnchor, batchSignerFault } from './apply-anchor.ts'
export { applyRefute } from './apply-refute.ts'
export { applyReveal } from './apply-reveal.ts'
export { threadAt } from './convict.ts'
export { endDue, openDemands } from './due.ts'
