/**
 * Convolutions in blocks of channels, as ONNX Runtime's own layout optimisation makes them (nchwc_transformer.cc), which is most of what "all" optimisations gain over none.
 * Done here it follows from the graph alone and never from which values are asked for, so that looking at a value changes no bit of another.
 */
import type { Tensor } from '../../../core/index.ts'
import { intOf, Names, type Attribute, type Graph, type Model, type Node } from '../../graph/index.ts'
import { blockedBias, blockedFilters } from './weights.ts'

const DOMAIN = 'com.microsoft.nchwc'
/** Channels of what is put into blocks come in fours (`ReorderInput`). */
const ALIGNMENT = 4
/** Operators that go element by element, whatever the order of the elements: of one value, and of two of one shape. What fills up a last block stays finite in them. */
const UNARY = new Set(['Relu', 'Sigmoid', 'HardSigmoid', 'Tanh', 'LeakyRelu', 'Elu', 'Clip', 'HardSwish'])
const BINARY = new Set(['Add', 'Mul', 'Sub'])

/** A value in blocks. */
interface Blocked {
  readonly name: string
  /** Without those that fill up the last block. */
  readonly channels: number
  /** The value that it follows from element by element: values of one origin have one shape. */
  readonly origin: string
}

interface Plan {
  readonly group: number
  /** Whether the input is taken as it is: it has less channels than a block. */
  readonly flat: boolean
  /** Whether filters are in blocks of filters only. */
  readonly single: boolean
}

/** How a convolution runs in blocks; undefined where it does not. */
function planOf(node: Node, weights: Tensor, block: number): Plan | undefined {
  if (!(node.op === 'Conv' && node.domain === '') && !(node.op === 'FusedConv' && node.domain === 'com.microsoft')) return undefined
  if (weights.dtype !== 'f32' || weights.shape.length !== 4) return undefined
  const [filters, channels] = weights.shape as [number, number]
  const group = intOf(node, 'group') ?? 1
  if (group === 1) {
    if (channels < block) return { group, flat: true, single: true }
    return channels % ALIGNMENT === 0 ? { group, flat: false, single: false } : undefined
  }
  if (filters % block !== 0) return undefined
  if (channels === 1 && filters === group) return { group, flat: false, single: true }
  return channels % block === 0 && (filters / group) % block === 0 ? { group, flat: false, single: false } : undefined
}

/** The model with its convolutions in blocks of `block` channels; without branches. Its outputs and the values `exposed` have the names and layouts that they had. */
export function blockedModel({ opsets, graph }: Model, block: number, exposed: readonly string[]): Model {
  return { opsets: new Map([...opsets, [DOMAIN, 1]]), graph: new Layout(graph, block).laidOut(exposed) }
}

const int = (value: number): Attribute => ({ kind: 'int', value })

class Layout {
  readonly #graph: Graph
  readonly #block: number
  readonly #names = new Names()
  readonly #constants: Map<string, Tensor>
  readonly #nodes: Node[] = []
  /** Values that are there in blocks, and those that are there as the file has them. */
  readonly #blocked = new Map<string, Blocked>()
  readonly #plain: Set<string>

  constructor(graph: Graph, block: number) {
    this.#graph = graph
    this.#block = block
    this.#constants = new Map(graph.constants)
    this.#plain = new Set(['', ...graph.inputs.map((t) => t.name), ...graph.constants.keys()])
    for (const name of [...this.#plain, ...graph.nodes.flatMap((n) => n.outputs)]) this.#names.fresh(name)
  }

  laidOut(exposed: readonly string[]): Graph {
    for (const node of this.#graph.nodes) if (!this.#convolution(node) && !this.#elementwise(node)) this.#asItIs(node)
    for (const name of [...this.#graph.outputs.map((o) => o.name), ...exposed]) this.#flat(name)
    return { ...this.#graph, constants: this.#constants, nodes: this.#nodes }
  }

  #convolution(node: Node): boolean {
    const [x = '', w = '', bias = '', sum = ''] = node.inputs
    const [output] = node.outputs
    const weights = this.#graph.constants.get(w)
    const plan = weights === undefined ? undefined : planOf(node, weights, this.#block)
    const biases = this.#graph.constants.get(bias)
    if (weights === undefined || plan === undefined || output === undefined || (bias !== '' && biases === undefined)) return false
    const [filters, channels] = weights.shape as [number, number]
    const input = plan.flat ? this.#flat(x) : this.#inBlocks(x, channels * plan.group)
    const inputs = [input, this.#constant(blockedFilters(weights, this.#block, plan.single))]
    if (biases !== undefined) inputs.push(this.#constant(blockedBias(biases, this.#block)))
    else if (sum !== '') inputs.push('')
    if (sum !== '') inputs.push(this.#inBlocks(sum, filters))
    this.#put('Conv', inputs, this.#make(output, filters, output), node.attributes)
    if (filters % this.#block !== 0) {
      // what fills up the last block is zeros times the input: NaNs where that is not finite, which the next convolution would spread
      this.#flat(output)
      this.#blocked.delete(output)
    }
    return true
  }

  #elementwise(node: Node): boolean {
    const kinds = node.inputs.length === 1 ? UNARY : BINARY
    const [output, second] = node.outputs
    if (node.domain !== '' || !kinds.has(node.op) || node.inputs.length > 2 || output === undefined || second !== undefined) return false
    const taken = node.inputs.flatMap((name) => this.#blocked.get(name) ?? [])
    const [first] = taken
    if (first === undefined || taken.length < node.inputs.length || taken.some((b) => b.origin !== first.origin)) return false
    this.#nodes.push({ ...node, inputs: taken.map((b) => b.name), outputs: [this.#make(output, first.channels, first.origin)] })
    return true
  }

  #asItIs(node: Node): void {
    for (const name of node.inputs) this.#flat(name)
    this.#nodes.push(node)
    for (const name of node.outputs) this.#plain.add(name)
  }

  /** The value as the file has it. */
  #flat(name: string): string {
    const found = this.#blocked.get(name)
    if (!this.#plain.has(name) && found !== undefined) {
      this.#put(
        'ReorderOutput',
        [found.name],
        name,
        new Map([
          ['channels_last', int(0)],
          ['channels', int(found.channels)],
        ]),
      )
      this.#plain.add(name)
    }
    return name
  }

  /** The value in blocks. */
  #inBlocks(name: string, channels: number): string {
    const found = this.#blocked.get(name)
    if (found !== undefined) return found.name
    const made = this.#make(name, channels, name)
    this.#put('ReorderInput', [name], made, new Map([['channels_last', int(0)]]))
    return made
  }

  /** A name for a value in blocks. */
  #make(value: string, channels: number, origin: string): string {
    const name = this.#names.fresh(value)
    this.#blocked.set(value, { name, channels, origin })
    return name
  }

  #constant(tensor: Tensor): string {
    const name = this.#names.fresh('filters')
    this.#constants.set(name, tensor)
    return name
  }

  #put(op: string, inputs: readonly string[], output: string, attributes: Node['attributes']): void {
    this.#nodes.push({ name: '', op, domain: DOMAIN, inputs, outputs: [output], attributes })
  }
}
