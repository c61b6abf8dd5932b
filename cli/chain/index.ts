/** What a verb does with a chain: transactions, enrolment of chips, checkpoints, anchors of receipts. */
export { ANCHOR_WAIT_MS, anchoredBundle } from './anchored-bundle.ts'
export { anchoredLeaf, type LeafSought } from './anchored-leaf.ts'
export { checkpointFile, pointOfFile, readCheckpointFile } from './checkpoint-file.ts'
export { tellChain } from './enrolment.ts'
export { callAndWait, contractOf, publish } from './transactions.ts'
