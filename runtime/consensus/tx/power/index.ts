/** Transactions that change power: chips, nodes and their bonds, vendors, evidence of signing twice. */
export { applyChip } from './apply-chip.ts'
export { applyEvidence, slashedAt } from './apply-evidence.ts'
export { applyNode } from './apply-node.ts'
export { applyVendor } from './apply-vendor.ts'
