/**
 * Walks a graph for given inputs and lowers its nodes in order. Little is run: only what a lowering asks to know (`value`), what decides a branch, and
 * operators without kernels. Names are unique in a whole model (`readModel` sees to that), so each stands for one value of the run.
 */
import { elementCount, LIMITS, limitError, UtnetError } from '../../core/index.ts'
import type { NamedTensor, Tensor, TensorType } from '../../core/index.ts'
import { operandNames, type Graph, type Model, type Node } from '../graph/index.ts'
import { lower, operatorKey, type Lowered, type LowerInput } from '../operators/index.ts'
import type { Guard, RecordedEntry, Recording } from './recording.ts'

/** Who computes what the walk asks for. */
export interface RecordOptions {
  /** Values of entries recorded so far, for these inputs. */
  evaluate(recording: Recording, names: readonly string[]): Promise<readonly Uint8Array[]>
  /** Runs an operator that has no kernels, gives the outputs that have names; refused with `operator_unsupported` where it is left out. */
  foreign?(entry: ForeignNode): Promise<readonly Tensor[]>
  /** Arithmetic of `foreign`. */
  readonly foreignArithmetic?: string
  /** The inputs stand for their types alone: what hangs on their bytes is asked of `evaluate`. */
  readonly typesOnly?: boolean
}

/** An operator that another device must run. */
export interface ForeignNode {
  readonly path: readonly number[]
  /** As `operandNames` has them; undefined for one left out. */
  readonly operands: readonly (Tensor | undefined)[]
}

/** Stands for an output that nobody names. */
const NOTHING: Tensor = { dtype: 'u8', shape: [0], data: new Uint8Array(0) }

/** Thrown out of a lowering that asks for a value that is not at hand yet. */
class Wanted {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** Records the run of a model on inputs that were checked. Throws what lowerings and `evaluate` throw. */
export async function record(model: Model, inputs: readonly NamedTensor[], options: RecordOptions): Promise<Recording> {
  const walk = new Walk(model, inputs, options)
  return walk.whole()
}

class Walk {
  readonly #model: Model
  readonly #fed: readonly NamedTensor[]
  readonly #options: RecordOptions
  readonly #entries: RecordedEntry[] = []
  readonly #types = new Map<string, TensorType>()
  readonly #constants = new Map<string, Tensor>()
  /** Bytes that are at hand: of inputs, constants, what was evaluated. */
  readonly #bytes = new Map<string, Uint8Array>()
  /** Values that hang on shapes and constants alone. */
  readonly #fixed = new Set<string>()
  readonly #guards = new Map<string, Guard>()

  constructor(model: Model, inputs: readonly NamedTensor[], options: RecordOptions) {
    this.#model = model
    this.#fed = inputs
    this.#options = options
  }

  async whole(): Promise<Recording> {
    const { graph } = this.#model
    for (const { name, dtype, shape, data } of this.#fed) {
      this.#define(name, { dtype, shape })
      if (this.#options.typesOnly !== true) this.#bytes.set(name, data)
    }
    this.#constantsOf(graph)
    await this.#nodes(graph, [])
    for (const { name, dtype } of graph.outputs) {
      const found = this.#types.get(this.#there(name))?.dtype
      if (dtype !== undefined && dtype !== found)
        throw new UtnetError('model_invalid', `output ${name.slice(0, 80)} of the model is declared as ${dtype} and is ${found}`)
    }
    return this.#recording(graph.outputs.map((output) => output.name))
  }

  #recording(outputs: readonly string[]): Recording {
    return {
      entries: this.#entries,
      types: this.#types,
      constants: this.#constants,
      inputs: this.#fed.map((t) => t.name),
      outputs,
      guards: [...this.#guards.values()],
    }
  }

  #define(name: string, type: TensorType): void {
    if (this.#types.has(name)) throw new UtnetError('model_invalid', `the model gives the value ${name.slice(0, 80)} twice`)
    elementCount(type.shape, `value ${name.slice(0, 80)}`)
    this.#types.set(name, { dtype: type.dtype, shape: [...type.shape] })
  }

  #constantsOf(graph: Graph): void {
    for (const [name, tensor] of graph.constants) {
      this.#define(name, tensor)
      this.#constants.set(name, tensor)
      this.#bytes.set(name, tensor.data)
      this.#fixed.add(name)
    }
  }

  #there(name: string): string {
    if (!this.#types.has(name)) throw new UtnetError('model_invalid', `the model takes a value that nothing gives: ${name.slice(0, 80)}`)
    return name
  }

  async #nodes(graph: Graph, at: readonly number[]): Promise<void> {
    for (const [i, node] of graph.nodes.entries()) {
      if (node.domain === '' && node.op === 'If') await this.#branch(node, [...at, i])
      else await this.#node(node, [...at, i])
    }
  }

  async #node(node: Node, path: readonly number[]): Promise<void> {
    const inputs = operandNames(node).map((name) => (name === '' ? '' : this.#there(name)))
    const opset = this.#model.opsets.get(node.domain) ?? 1
    const lowered = await this.#lowered(node, opset, inputs)
    const types = lowered === undefined ? await this.#foreign(path, node, inputs) : lowered.outputs
    this.#entry({ source: node, path, opset, inputs, lowered }, types)
  }

  #entry(entry: Pick<RecordedEntry, 'source' | 'path' | 'opset' | 'inputs' | 'lowered'>, types: readonly TensorType[]): void {
    const { source, inputs, lowered } = entry
    if (this.#entries.length >= LIMITS.modelNodes)
      throw limitError('model_invalid', 'modelNodes', this.#entries.length + 1, LIMITS.modelNodes, 'nodes that ran')
    const { outputs } = source
    const fixed = inputs.every((name) => name === '' || this.#fixed.has(name))
    outputs.forEach((name, i) => {
      if (name === '') return
      const type = types[i]
      if (type === undefined)
        throw new UtnetError('model_invalid', `${operatorKey(source)} does not give so many outputs: ${outputs.length}`)
      this.#define(name, type)
      const known = lowered?.known?.get(i)
      if (known !== undefined) this.#bytes.set(name, known)
      if (known !== undefined || (fixed && lowered !== undefined)) this.#fixed.add(name)
    })
    const elements = types.reduce((n, { shape }) => n + shape.reduce((product, side) => product * side, 1), 0)
    const foreign = lowered === undefined ? this.#options.foreignArithmetic : undefined
    this.#entries.push({
      ...entry,
      operator: operatorKey(source),
      node: source.name,
      outputs,
      types: outputs.map((_, i) => types[i] ?? NOTHING),
      cost: lowered === undefined ? elements : lowered.cost,
      ...(foreign === undefined ? {} : { arithmetic: foreign }),
    })
  }

  /** The node lowered; undefined where it has no kernels and another device may run it. */
  async #lowered(node: Node, opset: number, names: readonly string[]): Promise<Lowered | undefined> {
    const inputs = names.slice(0, node.inputs.length).map((name): LowerInput | undefined => {
      if (name === '') return undefined
      const type = this.#types.get(name) as TensorType
      return { ...type, constant: this.#constants.has(name), value: () => this.#known(name) }
    })
    const wanted = node.outputs.map((name) => name !== '')
    for (;;) {
      try {
        return lower({ node, opset, inputs, wanted })
      } catch (error) {
        if (error instanceof Wanted) await this.#fetch([error.name])
        else if (this.#options.foreign !== undefined && error instanceof UtnetError && error.code === 'operator_unsupported')
          return undefined
        else throw error
      }
    }
  }

  /** Bytes of a value that a lowering hangs on. */
  #known(name: string): Uint8Array {
    const bytes = this.#bytes.get(name)
    if (bytes === undefined) throw new Wanted(name)
    if (!this.#fixed.has(name)) this.#guards.set(name, { name, bytes: new Uint8Array(bytes) })
    return bytes
  }

  async #fetch(names: readonly string[]): Promise<void> {
    const missing = names.filter((name) => !this.#bytes.has(name))
    if (missing.length === 0) return
    const found = await this.#options.evaluate(this.#recording([]), missing)
    missing.forEach((name, i) => this.#bytes.set(name, found[i] as Uint8Array))
  }

  async #foreign(path: readonly number[], node: Node, inputs: readonly string[]): Promise<readonly TensorType[]> {
    await this.#fetch(inputs.filter((name) => name !== ''))
    const operands = inputs.map((name): Tensor | undefined =>
      name === '' ? undefined : { ...(this.#types.get(name) as TensorType), data: this.#bytes.get(name) as Uint8Array },
    )
    const tensors = [...((await this.#options.foreign?.({ path, operands })) ?? [])]
    return node.outputs.map((name): TensorType => {
      const tensor = name === '' ? NOTHING : tensors.shift()
      if (tensor === undefined) throw new UtnetError('device_failed', `${operatorKey(node)} gave no ${name.slice(0, 80)}`)
      if (name !== '') this.#bytes.set(name, tensor.data)
      return tensor
    })
  }

  /** `If`: the nodes of the branch that the condition's value says, then an entry that gives the branch's outputs their names outside. */
  async #branch(node: Node, path: readonly number[]): Promise<void> {
    const condition = this.#there(node.inputs[0] ?? '')
    await this.#fetch([condition])
    const bytes = this.#known(condition)
    if (this.#types.get(condition)?.dtype !== 'boolean' || bytes.length !== 1)
      throw new UtnetError('model_invalid', 'the condition of an If is not one boolean')
    const wanted = bytes[0] === 0 ? 'else_branch' : 'then_branch'
    const graphs = [...node.attributes].filter(([, a]) => a.kind === 'graph')
    const at = graphs.findIndex(([name]) => name === wanted)
    const attribute = graphs[at]?.[1]
    if (attribute?.kind !== 'graph') throw new UtnetError('model_invalid', `an If lacks its ${wanted}`)
    this.#constantsOf(attribute.value)
    await this.#nodes(attribute.value, [...path, at])
    const taken = attribute.value.outputs.map(({ name }) => this.#there(name))
    const lowered = branchLowered(taken.map((name) => this.#types.get(name) as TensorType))
    this.#entry({ source: node, path, opset: this.#model.opsets.get('') ?? 1, inputs: [condition, ...taken], lowered }, lowered.outputs)
  }
}

/** An `If` whose branch ran: its outputs are the values behind the condition. */
export function branchLowered(types: readonly TensorType[]): Lowered {
  return { outputs: types, temps: [], steps: [], aliases: types.map((_, i) => [i, i + 1] as const), cost: 0 }
}
