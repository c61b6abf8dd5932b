import type { Node } from '../graph.ts'

/** Whether the node is that operator of ONNX itself. */
export const is = (node: Node, op: string): boolean => node.op === op && node.domain === ''
