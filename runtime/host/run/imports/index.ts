/** What the host offers to a run of a world of ours: state, context and calls of contracts, tensors. */
export { type CalleeRun, ContractState } from './contract-state.ts'
export type { Budget, CommonBudgets, RunState } from './state.ts'
export { canonicalNans, Inference, tensorOf, TENSORS, tensorValue } from './tensors.ts'
export { WORLDS } from './worlds.ts'
