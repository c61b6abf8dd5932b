/** A graph while it is rewritten: who makes and who takes each value, kept as nodes come and go. */
import type { Tensor } from '../../../core/index.ts'
import type { Graph, Node } from '../graph.ts'
import { Names } from '../names.ts'
import { operandNames } from '../node-model.ts'

export class Draft {
  readonly #graph: Graph
  readonly #nodes: (Node | undefined)[]
  readonly #constants: Map<string, Tensor>
  readonly #outputs: ReadonlySet<string>
  readonly #names = new Names()
  readonly #maker = new Map<string, number>()
  /** Places of the nodes that take a value, one for each time. */
  readonly #takers = new Map<string, number[]>()

  constructor(graph: Graph) {
    this.#graph = graph
    this.#nodes = [...graph.nodes]
    this.#constants = new Map(graph.constants)
    this.#outputs = new Set(graph.outputs.map((o) => o.name))
    for (const name of namesOf(graph)) this.#names.fresh(name)
    this.#nodes.forEach((node, at) => node && this.#link(node, at))
  }

  /** Places of nodes, in order; what is removed meanwhile is left out. */
  *places(): Generator<readonly [Node, number]> {
    for (let at = 0; at < this.#nodes.length; at++) {
      const node = this.#nodes[at]
      if (node !== undefined) yield [node, at]
    }
  }

  at(place: number): Node {
    return this.#nodes[place] as Node
  }

  isOutput(name: string): boolean {
    return this.#outputs.has(name)
  }

  /** Place of the node that makes a value; undefined for inputs and constants. */
  maker(name: string): number | undefined {
    return this.#maker.get(name)
  }

  /** Places of the nodes that take a value; empty for an output of the graph, which is taken by who asked. */
  takers(name: string): readonly number[] {
    return this.#outputs.has(name) ? [] : (this.#takers.get(name) ?? [])
  }

  /** Place of the one node that takes a value, once; undefined where it is taken elsewhere too. */
  onlyTaker(name: string): number | undefined {
    const [first, ...more] = this.takers(name)
    return more.length === 0 ? first : undefined
  }

  /** The bytes of a constant that nobody can replace. */
  constant(name: string): Tensor | undefined {
    return this.#graph.defaults?.has(name) === true ? undefined : this.#constants.get(name)
  }

  /** Elements of an f32 constant, a copy. */
  floats(name: string): { readonly shape: readonly number[]; readonly values: Float32Array } | undefined {
    const found = this.constant(name)
    if (found === undefined || found.dtype !== 'f32') return undefined
    return { shape: found.shape, values: new Float32Array(new Uint8Array(found.data).buffer) }
  }

  replace(place: number, node: Node): void {
    this.remove(place)
    this.#nodes[place] = node
    this.#link(node, place)
  }

  remove(place: number): void {
    const old = this.#nodes[place]
    if (old === undefined) return
    this.#nodes[place] = undefined
    for (const name of old.outputs) if (this.#maker.get(name) === place) this.#maker.delete(name)
    for (const name of operandNames(old)) {
      const takers = this.#takers.get(name)
      const at = takers?.indexOf(place) ?? -1
      if (at >= 0) takers?.splice(at, 1)
    }
  }

  /** A new f32 constant, named after an old value. */
  addFloats(base: string, shape: readonly number[], values: Float32Array): string {
    const name = this.#names.fresh(base)
    this.#constants.set(name, { dtype: 'f32', shape, data: new Uint8Array(values.slice().buffer) })
    return name
  }

  setConstant(name: string, tensor: Tensor): void {
    this.#constants.set(name, tensor)
  }

  fresh(base: string): string {
    return this.#names.fresh(base)
  }

  /** The graph as it is now, without nodes that lead nowhere and constants that nobody takes. */
  graph(): Graph {
    const wanted = new Set(this.#outputs)
    const kept: Node[] = []
    for (let at = this.#nodes.length - 1; at >= 0; at--) {
      const node = this.#nodes[at]
      if (node === undefined || !node.outputs.some((o) => wanted.has(o))) continue
      kept.push(node)
      for (const name of operandNames(node)) wanted.add(name)
    }
    const constants = new Map([...this.#constants].filter(([name]) => wanted.has(name)))
    return { ...this.#graph, constants, nodes: kept.reverse() }
  }

  #link(node: Node, place: number): void {
    for (const name of node.outputs) if (name !== '') this.#maker.set(name, place)
    for (const name of operandNames(node)) {
      if (name === '') continue
      const takers = this.#takers.get(name)
      if (takers === undefined) this.#takers.set(name, [place])
      else takers.push(place)
    }
  }
}

function* namesOf(graph: Graph): Generator<string> {
  for (const { name } of graph.inputs) yield name
  yield* graph.constants.keys()
  for (const node of graph.nodes) {
    yield* node.outputs
    for (const a of node.attributes.values()) if (a.kind === 'graph') yield* namesOf(a.value)
  }
}
