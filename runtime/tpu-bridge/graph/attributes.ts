/** Attributes of a node by kind, undefined where they are not given. One of another kind than is asked for is `model_invalid`. */
import { UtnetError } from '../../core/index.ts'
import type { Node } from './graph.ts'

const wrongKind = (node: Node, name: string): UtnetError =>
  new UtnetError('model_invalid', `attribute ${name} of ${node.op} has another kind than the operator says`)

export function intOf(node: Node, name: string): number | undefined {
  const found = node.attributes.get(name)
  if (found !== undefined && found.kind !== 'int') throw wrongKind(node, name)
  return found?.value
}

/** Whether an attribute that is 0 or 1 is set. */
export const flagOf = (node: Node, name: string): boolean => (intOf(node, name) ?? 0) !== 0

/** Of single precision, as the file has it. */
export function floatOf(node: Node, name: string): number | undefined {
  const found = node.attributes.get(name)
  if (found !== undefined && found.kind !== 'float') throw wrongKind(node, name)
  return found?.value
}

/** UTF-8 decoded. */
export function textOf(node: Node, name: string): string | undefined {
  const found = node.attributes.get(name)
  if (found !== undefined && found.kind !== 'string') throw wrongKind(node, name)
  return found?.value
}

/** A list without members, of whatever kind, is an empty one. */
export function intsOf(node: Node, name: string): readonly number[] | undefined {
  const found = node.attributes.get(name)
  if (found === undefined) return undefined
  if (found.kind === 'ints') return found.value
  // a list without members has no kind of its own in a file
  if ((found.kind === 'floats' || found.kind === 'strings') && found.value.length === 0) return []
  throw wrongKind(node, name)
}

/** A list without members, of whatever kind, is an empty one. */
export function floatsOf(node: Node, name: string): readonly number[] | undefined {
  const found = node.attributes.get(name)
  if (found === undefined) return undefined
  if (found.kind === 'floats') return found.value
  if ((found.kind === 'ints' || found.kind === 'strings') && found.value.length === 0) return []
  throw wrongKind(node, name)
}
