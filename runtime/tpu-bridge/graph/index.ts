/** ONNX graphs: what a file says, files of what a graph is, and the rewriting of graphs before they are hashed. */
export { allNodes } from './all-nodes.ts'
export { fuse } from './fuse/index.ts'
export type { Attribute, Graph, Model, Node } from './graph.ts'
export { nodeAt, nodeModel, operandNames, type NodeModel } from './node-model.ts'
export { readModel } from './read-model.ts'
export { segmentModel, segments, type Segment } from './segments.ts'
export { requireOperators, unsupportedOperators, type UnsupportedOperator } from './unsupported.ts'
export { exposed, writeModel } from './write-model.ts'
