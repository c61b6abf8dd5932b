/**
 * Walks a graph for given inputs and lowers its nodes in order. Little is run: only what a lowering asks to know (`value`), what decides a branch, and
 * operators without kernels. Names of values in a subgraph carry its path in front, so that each stands for one value of the run.
 */
import { DTYPES, elementCount, LIMITS, limitError, UtnetError } from '../../core/index.ts'
import type { NamedTensor, Tensor, TensorType } from '../../core/index.ts'
import type { Graph, Model, Node } from '../graph/index.ts'
import { lower, operatorKey, type Lowered, type LowerInput } from '../operators/index.ts'
import type { Guard, RecordedEntry, Recording } from './recording.ts'

export interface RecordOptions {
  /** Values of entries recorded so far, for these inputs. */
  evaluate(recording: Recording, names: readonly string[]): Promise<readonly Uint8Array[]>
  /** Runs an operator that has no kernels; refused with `operator_unsupported` where it is left out. */
  foreign?(entry: ForeignNode): Promise<readonly Tensor[]>
  /** Arithmetic of `foreign`. */
  readonly foreignArithmetic?: string
}

/** An operator that another device must run. */
export interface ForeignNode {
  readonly path: readonly number[]
  readonly node: Node
  readonly opset: number
  /** Undefined for one left out. */
  readonly operands: readonly (Tensor | undefined)[]
}

/** Thrown out of a lowering that asks for a value that is not at hand yet. */
class Wanted {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

interface Scope {
  readonly names: Map<string, string>
  readonly outer: Scope | undefined
}

const find = (scope: Scope | undefined, name: string): string | undefined =>
  scope === undefined ? undefined : (scope.names.get(name) ?? find(scope.outer, name))

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
    const scope: Scope = { names: new Map(), outer: undefined }
    for (const { name, dtype, shape, data } of this.#fed) {
      this.#define(scope, name, name, { dtype, shape })
      this.#bytes.set(name, data)
    }
    this.#constantsOf(scope, graph, '')
    await this.#nodes(scope, graph, [], '')
    return this.#recording(graph.outputs.map(({ name }) => this.#resolve(scope, name)))
  }

  #recording(outputs: readonly string[]): Recording {
    return {
      entries: this.#entries,
      types: this.#types,
      constants: this.#constants,
      inputs: this.#model.graph.inputs.map((i) => i.name),
      outputs,
      guards: [...this.#guards.values()],
    }
  }

  #define(scope: Scope, name: string, value: string, type: TensorType): void {
    if (this.#types.has(value)) throw new UtnetError('model_invalid', `the model gives the value ${value.slice(0, 80)} twice`)
    const elements = elementCount(type.shape, `value ${value.slice(0, 80)}`)
    if (!Number.isSafeInteger(elements * DTYPES[type.dtype]))
      throw new UtnetError('tensor_shape', `value ${value.slice(0, 80)} has no size`)
    this.#types.set(value, { dtype: type.dtype, shape: [...type.shape] })
    scope.names.set(name, value)
  }

  #constantsOf(scope: Scope, graph: Graph, prefix: string): void {
    for (const [name, tensor] of graph.constants) {
      // an input that was fed stands before a default of the same name
      if (scope.names.has(name)) continue
      const value = prefix + name
      this.#define(scope, name, value, tensor)
      this.#constants.set(value, tensor)
      this.#bytes.set(value, tensor.data)
      this.#fixed.add(value)
    }
  }

  #resolve(scope: Scope, name: string): string {
    const value = find(scope, name)
    if (value === undefined) throw new UtnetError('model_invalid', `the model takes a value that nothing gives: ${name.slice(0, 80)}`)
    return value
  }

  async #nodes(scope: Scope, graph: Graph, at: readonly number[], prefix: string): Promise<void> {
    for (const [i, node] of graph.nodes.entries()) {
      const path = [...at, i]
      if (node.domain === '' && node.op === 'If') await this.#branch(scope, node, path, prefix)
      else await this.#node(scope, node, path, prefix)
    }
  }

  async #node(scope: Scope, node: Node, path: readonly number[], prefix: string): Promise<void> {
    const inputs = node.inputs.map((name) => (name === '' ? '' : this.#resolve(scope, name)))
    const opset = this.#model.opsets.get(node.domain) ?? 1
    const lowered = await this.#lowered(node, opset, inputs)
    const types = lowered === undefined ? await this.#foreign(path, node, opset, inputs, prefix) : lowered.outputs
    this.#entry(scope, node, path, prefix, opset, inputs, lowered, types)
  }

  #entry(
    scope: Scope,
    source: Node,
    path: readonly number[],
    prefix: string,
    opset: number,
    inputs: readonly string[],
    lowered: Lowered | undefined,
    types: readonly TensorType[],
  ): void {
    if (this.#entries.length >= LIMITS.modelNodes)
      throw limitError('model_invalid', 'modelNodes', this.#entries.length + 1, LIMITS.modelNodes, 'nodes that ran')
    const outputs = source.outputs.map((name) => (name === '' ? '' : prefix + name))
    const fixed = inputs.every((name) => name === '' || this.#fixed.has(name))
    outputs.forEach((value, i) => {
      const type = types[i]
      if (value === '') return
      if (type === undefined)
        throw new UtnetError('model_invalid', `${operatorKey(source)} does not give so many outputs: ${source.outputs.length}`)
      this.#define(scope, source.outputs[i] as string, value, type)
      const known = lowered?.known?.get(i)
      if (known !== undefined) this.#bytes.set(value, known)
      if (known !== undefined || (fixed && lowered !== undefined)) this.#fixed.add(value)
    })
    const elements = types.reduce((n, t) => n + t.shape.reduce((product, side) => product * side, 1), 0)
    const foreign = this.#options.foreignArithmetic
    this.#entries.push({
      path,
      operator: operatorKey(source),
      node: source.name,
      inputs,
      outputs,
      types: outputs.map((_, i) => types[i] as TensorType),
      cost: lowered === undefined ? elements : lowered.cost,
      ...(lowered === undefined && foreign !== undefined ? { arithmetic: foreign } : {}),
      source,
      opset,
      lowered,
    })
  }

  /** The node lowered; undefined where it has no kernels and another device may run it. */
  async #lowered(node: Node, opset: number, names: readonly string[]): Promise<Lowered | undefined> {
    const inputs = names.map((name): LowerInput | undefined => {
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

  async #foreign(
    path: readonly number[],
    node: Node,
    opset: number,
    inputs: readonly string[],
    prefix: string,
  ): Promise<readonly TensorType[]> {
    await this.#fetch(inputs.filter((name) => name !== ''))
    const operands = inputs.map((name): Tensor | undefined =>
      name === '' ? undefined : { ...(this.#types.get(name) as TensorType), data: this.#bytes.get(name) as Uint8Array },
    )
    const tensors = (await this.#options.foreign?.({ path, node, opset, operands })) ?? []
    node.outputs.forEach((name, i) => {
      const tensor = tensors[i]
      if (name !== '' && tensor !== undefined) this.#bytes.set(prefix + name, tensor.data)
    })
    return tensors
  }

  /** `If`: the nodes of the branch that the condition's value says, then an entry that gives the branch's outputs their names outside. */
  async #branch(scope: Scope, node: Node, path: readonly number[], prefix: string): Promise<void> {
    const condition = this.#resolve(scope, node.inputs[0] ?? '')
    await this.#fetch([condition])
    const type = this.#types.get(condition) as TensorType
    const bytes = this.#known(condition)
    if (type.dtype !== 'boolean' || bytes.length !== 1) throw new UtnetError('model_invalid', 'the condition of an If is no boolean')
    const wanted = bytes[0] === 0 ? 'else_branch' : 'then_branch'
    const graphs = [...node.attributes].filter(([, a]) => a.kind === 'graph')
    const at = graphs.findIndex(([name]) => name === wanted)
    const attribute = graphs[at]?.[1]
    if (attribute?.kind !== 'graph') throw new UtnetError('model_invalid', `an If lacks its ${wanted}`)
    const inner: Scope = { names: new Map(), outer: scope }
    const within = [...path, at]
    const mark = `${within.join('.')}:`
    this.#constantsOf(inner, attribute.value, mark)
    await this.#nodes(inner, attribute.value, within, mark)
    const taken = attribute.value.outputs.map(({ name }) => this.#resolve(inner, name))
    const lowered = branchLowered(taken.map((name) => this.#types.get(name) as TensorType))
    this.#entry(scope, node, path, prefix, 1, [condition, ...taken], lowered, lowered.outputs)
  }
}

/** An `If` whose branch ran: its outputs are the values behind the condition. */
export function branchLowered(types: readonly TensorType[]): Lowered {
  return { outputs: types, temps: [], steps: [], aliases: types.map((_, i) => [i, i + 1] as const), cost: 0 }
}
