/** ONNX graphs: what a file says. */
export type { Attribute, Graph, Model, Node } from './graph.ts'
