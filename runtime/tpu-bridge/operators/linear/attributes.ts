/** Attributes of a node, by kind; the default where there is none. A wrong kind is `model_invalid`. */
import { UtnetError } from '../../../core/index.ts'
import type { Attribute, Node } from '../../graph/index.ts'

function found<K extends Attribute['kind']>(node: Node, name: string, kind: K): Extract<Attribute, { kind: K }>['value'] | undefined {
  const attribute = node.attributes.get(name)
  if (attribute === undefined) return undefined
  if (attribute.kind !== kind)
    throw new UtnetError('model_invalid', `attribute ${name} of ${node.op} is of kind ${attribute.kind}, not ${kind}`)
  return attribute.value as Extract<Attribute, { kind: K }>['value']
}

export const intOf = (node: Node, name: string, otherwise: number): number => found(node, name, 'int') ?? otherwise
export const floatOf = (node: Node, name: string, otherwise: number): number => found(node, name, 'float') ?? otherwise
export const stringOf = (node: Node, name: string, otherwise: string): string => found(node, name, 'string') ?? otherwise
export const intsOf = (node: Node, name: string): readonly number[] | undefined => found(node, name, 'ints')
export const floatsOf = (node: Node, name: string): readonly number[] | undefined => found(node, name, 'floats')
