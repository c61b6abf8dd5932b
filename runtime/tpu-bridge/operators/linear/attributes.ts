/** Attributes of a node, by kind; the default where there is none. A wrong kind is `model_invalid`. */
import { UtnetError } from '../../../core/index.ts'
import type { Node } from '../../graph/index.ts'

const wrong = (node: Node, name: string, kind: string): UtnetError =>
  new UtnetError('model_invalid', `attribute ${name} of ${node.op} is no ${kind}`)

export function intOf(node: Node, name: string, otherwise: number): number {
  const found = node.attributes.get(name)
  if (found === undefined) return otherwise
  if (found.kind !== 'int') throw wrong(node, name, 'integer')
  return found.value
}

export function floatOf(node: Node, name: string, otherwise: number): number {
  const found = node.attributes.get(name)
  if (found === undefined) return otherwise
  if (found.kind !== 'float') throw wrong(node, name, 'float')
  return found.value
}

export function stringOf(node: Node, name: string, otherwise: string): string {
  const found = node.attributes.get(name)
  if (found === undefined) return otherwise
  if (found.kind !== 'string') throw wrong(node, name, 'string')
  return found.value
}

export function intsOf(node: Node, name: string): readonly number[] | undefined {
  const found = node.attributes.get(name)
  if (found !== undefined && found.kind !== 'ints') throw wrong(node, name, 'list of integers')
  return found?.value
}

export function floatsOf(node: Node, name: string): readonly number[] | undefined {
  const found = node.attributes.get(name)
  if (found !== undefined && found.kind !== 'floats') throw wrong(node, name, 'list of floats')
  return found?.value
}
