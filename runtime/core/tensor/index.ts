/** Tensors, requests for inference, and what a run of a graph commits to. */
export * from './checkpoints.ts'
export * from './commitment.ts'
export * from './graph-run.ts'
export * from './inference-request.ts'
export * from './open-inference.ts'
export * from './operator-run.ts'
export * from './tensor.ts'
export * from './tensor-root.ts'
