/**
 * From what a file says to a graph that runs: `Constant` nodes become constants, calls of the model's own functions their bodies, `If` with a constant condition
 * the branch that it takes. On the way every name is checked: given once, and made before it is taken.
 */
import { LIMITS, limitError, UtnetError, type Tensor, type TensorSpec } from '../../core/index.ts'
import { constantOf, isConstantNode } from './constant-node.ts'
import type { Attribute, Graph, Node } from './graph.ts'
import { Names, Scope } from './names.ts'
import { quoted, ReadBudget } from './read-budget.ts'
import type { ModelFunction } from './read-function.ts'
import type { RawAttribute, RawGraph, RawNode, ValueInfo } from './read-graph.ts'

/** Functions of the model by `domain:name`. */
export type ModelFunctions = ReadonlyMap<string, ModelFunction>

type Attributes = ReadonlyMap<string, RawAttribute>

/** Where nodes are put. */
interface Place {
  readonly nodes: Node[]
  readonly constants: Map<string, Tensor>
  readonly scope: Scope
  /** What attributes of a function's body refer to; undefined outside. */
  readonly call: Attributes | undefined
  /** In front of names of nodes: the calls that they come from. */
  readonly prefix: string
  /** Graphs around this one. */
  readonly depth: number
}

/** Builds the main graph. With `constantDefaults`, initializers that are also inputs are constants like others (files of IR version 3 and older). */
export function buildGraph(raw: RawGraph, functions: ModelFunctions, constantDefaults: boolean): Graph {
  return new Builder(functions).main(raw, constantDefaults)
}

class Builder {
  readonly #functions: ModelFunctions
  readonly #names = new Names()
  /** Of all graphs: names are unique. */
  readonly #constants = new Map<string, Tensor>()
  /** Bodies of functions count as often as they are called. */
  readonly #budget = new ReadBudget()
  #nodes = 0

  constructor(functions: ModelFunctions) {
    this.#functions = functions
  }

  main(raw: RawGraph, constantDefaults: boolean): Graph {
    const scope = new Scope(this.#names)
    const place: Place = { nodes: [], constants: new Map(), scope, call: undefined, prefix: '', depth: 0 }
    const asked = new Set(raw.inputs.map((i) => i.name))
    const defaults = new Set(constantDefaults ? [] : [...raw.initializers.keys()].filter((name) => asked.has(name)))
    for (const { name } of raw.inputs) scope.define(name)
    for (const [name, tensor] of raw.initializers) {
      place.constants.set(asked.has(name) ? name : scope.define(name), tensor)
      if (!defaults.has(name)) this.#constants.set(name, tensor)
    }
    // before any subgraph is looked at, so that names of the main graph stay as they are
    for (const node of raw.nodes) for (const output of node.outputs) if (output !== '') scope.intend(output, this.#names.fresh(output))
    this.#put(raw.nodes, place)
    const inputs = raw.inputs.filter((i) => !raw.initializers.has(i.name)).map((i) => typed(i, 'input'))
    counted(inputs, 'inputs')
    counted(raw.outputs, 'outputs')
    if (raw.outputs.length === 0) throw new UtnetError('model_invalid', 'the model has no output')
    const seen = new Set<string>()
    for (const { name } of raw.outputs) {
      scope.take(name, 'an output')
      if (seen.has(name)) throw new UtnetError('model_invalid', `the model gives output ${quoted(name)} twice`)
      seen.add(name)
    }
    return { inputs, outputs: raw.outputs, constants: place.constants, nodes: place.nodes, ...(defaults.size === 0 ? {} : { defaults }) }
  }

  #subgraph(raw: RawGraph, outer: Place): Graph {
    const scope = new Scope(this.#names, outer.scope)
    const depth = outer.depth + 1
    if (depth > LIMITS.modelDepth)
      throw limitError('model_invalid', 'modelDepth', depth, LIMITS.modelDepth, 'nesting of graphs in the model')
    this.#budget.take(raw.inputs.length + raw.outputs.length)
    const place: Place = { ...outer, nodes: [], constants: new Map(), scope, depth }
    const inputs = raw.inputs.map((i) => ({ ...typed(i, 'input of a subgraph'), name: scope.define(i.name) }))
    for (const [name, tensor] of raw.initializers) this.#constant(name, tensor, place)
    this.#put(raw.nodes, place)
    const outputs = raw.outputs.map((o) => ({ ...o, name: scope.take(o.name, 'an output of a subgraph') }))
    return { inputs, outputs, constants: place.constants, nodes: place.nodes }
  }

  #constant(name: string, tensor: Tensor, place: Place): void {
    this.#budget.object()
    const own = place.scope.define(name)
    place.constants.set(own, tensor)
    this.#constants.set(own, tensor)
  }

  /** Puts nodes; constants first, which the file may have behind what takes them. */
  #put(nodes: readonly RawNode[], place: Place): void {
    for (const node of nodes) {
      if (!isConstantNode(node)) continue
      const [output] = node.outputs
      if (output === undefined || output === '' || node.outputs.length > 1)
        throw new UtnetError('model_invalid', `constant node ${quoted(node.name)} of the model has no output, or several`)
      this.#constant(output, constantOf(resolved(node, place.call), output), place)
    }
    for (const node of nodes) if (!isConstantNode(node)) this.#node(node, place)
  }

  #node(node: RawNode, place: Place): void {
    this.#budget.object()
    this.#budget.take(node.inputs.length + node.outputs.length + node.attributes.size)
    const taker = `node ${quoted(node.name === '' ? (node.outputs[0] ?? '') : node.name)} (${quoted(node.op)})`
    const inputs = node.inputs.map((name) => place.scope.take(name, taker))
    const attributes = resolved(node, place.call)
    const called = this.#functions.get(`${node.domain}:${node.op}`)
    const branch = called === undefined ? this.#takenBranch(node, attributes, inputs) : undefined
    if (called === undefined && branch === undefined) {
      // what functions become was counted before
      if (++this.#nodes > LIMITS.modelNodes)
        throw limitError('model_invalid', 'modelNodes', this.#nodes, LIMITS.modelNodes, 'nodes of the model, functions expanded')
      const built = new Map<string, Attribute>()
      for (const [key, a] of attributes) built.set(key, this.#attribute(a, place))
      const outputs = node.outputs.map((name) => (name === '' ? '' : place.scope.define(name)))
      place.nodes.push({ name: place.prefix + node.name, op: node.op, domain: node.domain, inputs, outputs, attributes: built })
      return
    }
    const outputs = node.outputs.map((name) => (name === '' ? '' : place.scope.define(name)))
    const prefix = `${place.prefix + node.name}/`.slice(-LIMITS.modelNameBytes)
    if (branch !== undefined) {
      const scope = new Scope(this.#names, place.scope)
      this.#inline(branch, outputs, { ...place, scope, prefix })
    } else if (called !== undefined) {
      const scope = new Scope(this.#names)
      if (inputs.length > called.inputs.length)
        throw new UtnetError(
          'model_invalid',
          `${taker} of the model gives its function ${inputs.length} inputs, which takes ${called.inputs.length}`,
        )
      called.inputs.forEach((name, i) => scope.bind(name, inputs[i] ?? ''))
      this.#budget.take(called.inputs.length + called.outputs.length + called.attributes.size)
      const call = new Map<string, RawAttribute>()
      for (const [key, given] of called.attributes) {
        const value = attributes.get(key) ?? given
        if (value !== undefined) call.set(key, value)
      }
      this.#inline({ ...called, initializers: new Map() }, outputs, { ...place, scope, call, prefix })
    }
  }

  /** Puts a body where its call stands; `outputs` are the names that its outputs get, '' for one that nobody wants. */
  #inline(
    body: {
      readonly nodes: readonly RawNode[]
      readonly initializers: ReadonlyMap<string, Tensor>
      readonly outputs: readonly (string | ValueInfo)[]
    },
    outputs: readonly string[],
    place: Place,
  ): void {
    const names = body.outputs.map((o) => (typeof o === 'string' ? o : o.name))
    if (outputs.length > names.length)
      throw new UtnetError('model_invalid', `a node of the model wants ${outputs.length} outputs of a body that has ${names.length}`)
    outputs.forEach((to, i) => {
      if (to !== '') place.scope.intend(names[i] as string, to)
    })
    for (const [name, tensor] of body.initializers) this.#constant(name, tensor, place)
    this.#put(body.nodes, place)
    outputs.forEach((to, i) => {
      if (to === '') return
      const made = place.scope.take(names[i] as string, 'an output of a body')
      // an input, a value from around it or one that is an output twice is handed through
      if (made !== to) place.nodes.push({ name: '', op: 'Identity', domain: '', inputs: [made], outputs: [to], attributes: new Map() })
    })
  }

  /** The branch of an `If` whose condition is a constant. */
  #takenBranch(node: RawNode, attributes: Attributes, inputs: readonly string[]): RawGraph | undefined {
    if (node.op !== 'If' || node.domain !== '') return undefined
    const condition = this.#constants.get(inputs[0] ?? '')
    if (condition === undefined || condition.dtype !== 'boolean' || condition.data.length !== 1) return undefined
    const branch = attributes.get(condition.data[0] === 0 ? 'else_branch' : 'then_branch')
    return branch?.kind === 'graph' ? branch.value : undefined
  }

  #attribute(a: RawAttribute, place: Place): Attribute {
    if (a.kind === 'graph') return { kind: 'graph', value: this.#subgraph(a.value, place) }
    if (a.kind === 'ref')
      throw new UtnetError('model_invalid', `an attribute of the model refers to ${quoted(a.value)} outside of a function`)
    return a
  }
}
/** Attributes with what they refer to in their place; one that refers to what a call does not give is left out. */
function resolved(node: RawNode, call: Attributes | undefined): Attributes {
  if (call === undefined) return node.attributes
  const out = new Map<string, RawAttribute>()
  for (const [key, a] of node.attributes) {
    const value = a.kind === 'ref' ? call.get(a.value) : a
    // its names would mean what they mean at the call
    if (a.kind === 'ref' && value?.kind === 'graph')
      throw new UtnetError('model_invalid', 'a function of the model takes a graph as an attribute, which the bridge does not carry')
    if (value !== undefined) out.set(key, value)
  }
  return out
}

function typed(info: ValueInfo, what: string): TensorSpec {
  if (info.dtype === undefined || info.shape === undefined)
    throw new UtnetError('model_invalid', `${what} ${quoted(info.name)} of the model has no type`)
  return { name: info.name, dtype: info.dtype, shape: info.shape }
}

function counted(values: readonly unknown[], what: string): void {
  if (values.length > LIMITS.tensorsPerCall)
    throw limitError('model_invalid', 'tensorsPerCall', values.length, LIMITS.tensorsPerCall, `${what} of the model`)
}
