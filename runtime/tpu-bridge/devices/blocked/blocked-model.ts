/**
 * Convolutions in blocks of channels, as ONNX Runtime's own layout optimisation makes them (nchwc_transformer.cc), which is most of what "all" optimisations gain over none.
 * Done here it follows from the graph alone and never from which values are asked for, so that looking at a value changes no bit of another.
 */
import type { Tensor } from '../../../core/index.ts'
import { intOf, type Attribute, type Graph, type Model, type Node } from '../../graph/index.ts'
import { blockedBias, blockedFilters } from './weights.ts'

const DOMAIN = 'com.microsoft.nchwc'
/** Channels of what is put into blocks come in fours (`ReorderInput`). */
const ALIGNMENT = 4
/** Operators of one value that go element by element, whatever the order of the elements. */
const UNARY = new Set(['Relu', 'Sigmoid', 'HardSigmoid', 'Tanh', 'LeakyRelu', 'Elu', 'Clip', 'HardSwish'])
const BINARY = new Set(['Add', 'Mul', 'Sub', 'Div'])

/** A value in blocks. */
interface Blocked {
  readonly name: string
  /** Without those that fill up the last block. */
  readonly channels: number
  /** Values of one origin have one shape. */
  readonly origin: number
}

interface Plan {
  readonly group: number
  /** Whether the input is taken as it is: it has less channels than a block. */
  readonly flat: boolean
  /** Whether filters are in blocks of filters only. */
  readonly single: boolean
}

/** How a convolution runs in blocks; undefined where it does not. */
function planOf(node: Node, weights: Tensor | undefined, block: number): Plan | undefined {
  if (node.op !== 'Conv' && !(node.op === 'FusedConv' && node.domain === 'com.microsoft')) return undefined
  if (node.op === 'Conv' && node.domain !== '') return undefined
  if (weights === undefined || weights.dtype !== 'f32' || weights.shape.length !== 4) return undefined
  const [filters, channels] = weights.shape as [number, number]
  const group = intOf(node, 'group') ?? 1
  if (group === 1) {
    if (channels < block) return { group, flat: true, single: true }
    return channels % ALIGNMENT === 0 ? { group, flat: false, single: false } : undefined
  }
  if (filters % block !== 0) return undefined
  if (channels === 1 && filters === group) return { group, flat: false, single: true }
  if (channels % block !== 0 || filters % group !== 0 || (filters / group) % block !== 0) return undefined
  return { group, flat: false, single: false }
}

/** The model with its convolutions in blocks of `block` channels; without branches. Its outputs and the values `exposed` have the names and layouts that they had. */
export function blockedModel({ opsets, graph }: Model, block: number, exposed: readonly string[]): Model {
  return { opsets: new Map([...opsets, [DOMAIN, 1]]), graph: blockedGraph(graph, block, exposed) }
}

function blockedGraph(graph: Graph, block: number, exposed: readonly string[]): Graph {
  const names = new Set([...graph.inputs.map((t) => t.name), ...graph.constants.keys(), ...graph.nodes.flatMap((n) => n.outputs)])
  let serial = 0
  const fresh = (): string => {
    for (;;) {
      const name = `blocked/${serial++}`
      if (!names.has(name)) return name
    }
  }
  const constants = new Map(graph.constants)
  const nodes: Node[] = []
  const blocked = new Map<string, Blocked>()
  /** Values that are there as the file has them. */
  const plain = new Set([...graph.inputs.map((t) => t.name), ...graph.constants.keys(), ''])
  const node = (op: string, inputs: readonly string[], output: string, attributes: Iterable<readonly [string, Attribute]>): void => {
    nodes.push({ name: '', op, domain: DOMAIN, inputs, outputs: [output], attributes: new Map(attributes) })
  }
  const int = (value: number): Attribute => ({ kind: 'int', value })
  const flat = (name: string): string => {
    const found = blocked.get(name)
    if (!plain.has(name) && found !== undefined) {
      node('ReorderOutput', [found.name], name, [
        ['channels_last', int(0)],
        ['channels', int(found.channels)],
      ])
      plain.add(name)
    }
    return name
  }
  const inBlocks = (name: string, channels: number): string => {
    const found = blocked.get(name)
    if (found !== undefined) return found.name
    const made = { name: fresh(), channels, origin: serial++ }
    node('ReorderInput', [name], made.name, [['channels_last', int(0)]])
    blocked.set(name, made)
    return made.name
  }
  const constant = (tensor: Tensor): string => {
    const name = fresh()
    constants.set(name, tensor)
    return name
  }
  for (const n of graph.nodes) {
    const [x = '', w = '', bias = '', sum = ''] = n.inputs
    const weights = graph.constants.get(w)
    const biases = graph.constants.get(bias)
    const plan = planOf(n, weights, block)
    const [first] = n.outputs
    if (plan !== undefined && weights !== undefined && first !== undefined && (bias === '' || biases !== undefined)) {
      const [filters, channels] = weights.shape as [number, number]
      const input = plan.flat ? flat(x) : inBlocks(x, channels * plan.group)
      const made = { name: fresh(), channels: filters, origin: serial++ }
      const inputs = [input, constant(blockedFilters(weights, block, plan.single))]
      if (biases !== undefined) inputs.push(constant(blockedBias(biases, block)))
      else if (sum !== '') inputs.push('')
      if (sum !== '') inputs.push(inBlocks(sum, filters))
      node('Conv', inputs, made.name, n.attributes)
      blocked.set(first, made)
      continue
    }
    const taken = n.inputs.map((name) => blocked.get(name))
    const apart = n.domain === '' && n.outputs.length === 1 && taken.every((b) => b !== undefined && b.origin === taken[0]?.origin)
    if (apart && first !== undefined && ((UNARY.has(n.op) && taken.length === 1) || (BINARY.has(n.op) && taken.length === 2))) {
      const made = { ...(taken[0] as Blocked), name: fresh() }
      nodes.push({ ...n, inputs: taken.map((b) => (b as Blocked).name), outputs: [made.name] })
      blocked.set(first, made)
      continue
    }
    for (const name of n.inputs) flat(name)
    nodes.push(n)
    for (const name of n.outputs) plain.add(name)
  }
  for (const { name } of graph.outputs) flat(name)
  for (const name of exposed) flat(name)
  return { ...graph, constants, nodes }
}
