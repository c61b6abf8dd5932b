/** Attributes of a node by kind, with what stands for them where they are not given. */
import type { Node } from '../graph.ts'

export function intOf(node: Node, name: string, missing: number): number {
  const a = node.attributes.get(name)
  return a?.kind === 'int' ? a.value : missing
}

export function floatOf(node: Node, name: string, missing: number): number {
  const a = node.attributes.get(name)
  return a?.kind === 'float' ? a.value : missing
}

export function intsOf(node: Node, name: string): readonly number[] | undefined {
  const a = node.attributes.get(name)
  return a?.kind === 'ints' ? a.value : undefined
}

export function stringOf(node: Node, name: string, missing: string): string {
  const a = node.attributes.get(name)
  return a?.kind === 'string' ? a.value : missing
}

/** Whether the node is that operator of ONNX itself. */
export const is = (node: Node, op: string): boolean => node.op === op && node.domain === ''
