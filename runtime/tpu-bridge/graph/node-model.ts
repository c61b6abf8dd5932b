/** One node of a model as a model of its own: how a device that takes whole files runs one operator alone, with the bits that it has in the whole. */
import { UtnetError, type Tensor } from '../../core/index.ts'
import type { Graph, Model, Node } from './graph.ts'

/** The model, and how its inputs and outputs belong to the node. */
export interface NodeModel {
  readonly model: Model
  /** Names of the inputs with the operand that each is. Constants of the model are initializers of it: fed from outside, the same weights take another kernel and give other bits. */
  readonly inputs: readonly (readonly [name: string, operand: number])[]
  /** Names of the outputs, without those that the node leaves out. */
  readonly outputs: readonly string[]
}

/** What a node works on: its inputs ('' for one left out), then what its subgraphs take from around them, in order of first use. */
export function operandNames(node: Node): readonly string[] {
  const taken = new Set<string>()
  for (const a of node.attributes.values()) if (a.kind === 'graph') takenFromOutside(a.value, taken)
  const inputs = new Set(node.inputs)
  return [...node.inputs, ...[...taken].filter((name) => !inputs.has(name))]
}

function takenFromOutside(graph: Graph, into: Set<string>): void {
  // names are unique in a whole model, so what a subgraph makes cannot be meant by one from outside
  const own = new Set<string>([...graph.inputs.map((i) => i.name), ...graph.constants.keys(), ...graph.nodes.flatMap((n) => n.outputs)])
  const take = (name: string): void => {
    if (name !== '' && !own.has(name)) into.add(name)
  }
  for (const node of graph.nodes) operandNames(node).forEach(take)
  for (const { name } of graph.outputs) take(name)
}

/** The node at a path (`TraceEntry.path`), and the constants that it sees. Throws `core_bad_argument` for a path that leads nowhere. */
export function nodeAt(
  model: Model,
  path: readonly number[],
): { readonly node: Node; readonly constant: (name: string) => Tensor | undefined } {
  const graphs: Graph[] = [model.graph]
  let node: Node | undefined
  for (let i = 0; i < path.length; i += 2) {
    if (i > 0) {
      const held: Graph[] = []
      for (const a of node?.attributes.values() ?? []) if (a.kind === 'graph') held.push(a.value)
      const inner = held[path[i - 1] as number]
      if (inner === undefined) throw noNode(path)
      graphs.push(inner)
    }
    node = graphs.at(-1)?.nodes[path[i] as number]
    if (node === undefined) throw noNode(path)
  }
  if (node === undefined || path.length % 2 === 0) throw noNode(path)
  return {
    node,
    constant: (name) => {
      for (const { constants } of graphs) {
        const found = constants.get(name)
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

const noNode = (path: readonly number[]): UtnetError =>
  new UtnetError('core_bad_argument', `the model has no node at [${path.slice(0, 8).join(',')}]`)

/** The node at a path with dtypes and shapes of its operands, as `operandNames` gives them; what stands for a constant is not looked at. Throws `core_bad_argument`. */
export function nodeModel(
  model: Model,
  path: readonly number[],
  operands: readonly (Pick<Tensor, 'dtype' | 'shape'> | undefined)[],
): NodeModel {
  const { node, constant } = nodeAt(model, path)
  const constants = new Map<string, Tensor>()
  const inputs = new Map<string, number>()
  const specs: { name: string; dtype: Tensor['dtype']; shape: readonly number[] }[] = []
  operandNames(node).forEach((name, i) => {
    if (name === '' || inputs.has(name) || constants.has(name)) return
    const known = constant(name)
    if (known !== undefined) {
      constants.set(name, known)
      return
    }
    const type = operands[i]
    if (type === undefined) throw new UtnetError('core_bad_argument', `operand ${i} of the node at [${path.join(',')}] is missing`)
    inputs.set(name, i)
    specs.push({ name, dtype: type.dtype, shape: type.shape })
  })
  const outputs = node.outputs.filter((name) => name !== '')
  const defaults = new Set([...(model.graph.defaults ?? [])].filter((name) => constants.has(name)))
  const graph: Graph = {
    inputs: specs,
    outputs: outputs.map((name) => ({ name })),
    constants,
    nodes: [node],
    ...(defaults.size === 0 ? {} : { defaults }),
  }
  return { model: { opsets: model.opsets, graph }, inputs: [...inputs], outputs }
}
