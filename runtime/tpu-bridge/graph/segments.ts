/** A model cut at nodes that a device does not know, such as those of domain `ai.utnet`: files for what lies between them. */
import { UtnetError, type Dtype } from '../../core/index.ts'
import { allNodes } from './all-nodes.ts'
import type { Graph, Model, Node } from './graph.ts'
import { operandNames } from './node-model.ts'
import { writeModel } from './write-model.ts'

/** One part; parts run in order. */
export interface Segment {
  /** Index of the first node among those of the graph, and of the one behind the last. */
  readonly from: number
  readonly to: number
  /** Set for a node that is cut out; then `to` is `from` + 1. */
  readonly custom: Node | undefined
  /** Values that it takes, in order of first use, no constants among them. */
  readonly inputs: readonly string[]
  /** Values that later segments take, or that are outputs of the model. */
  readonly outputs: readonly string[]
}

/** Cuts a model, in the order of its nodes. Throws `operator_unsupported` where a node to be cut out lies in a subgraph. */
export function segments(model: Model, isCustom: (node: Node) => boolean): readonly Segment[] {
  const { graph } = model
  for (const outer of graph.nodes)
    for (const a of outer.attributes.values())
      if (a.kind === 'graph')
        for (const inner of allNodes(a.value))
          if (isCustom(inner))
            throw new UtnetError(
              'operator_unsupported',
              `operator ${inner.domain.slice(0, 80)}.${inner.op.slice(0, 80)} lies in a subgraph, where it cannot be cut out`,
            )
  const pieces: { readonly from: number; to: number; readonly custom: Node | undefined }[] = []
  graph.nodes.forEach((node, i) => {
    const last = pieces.at(-1)
    if (isCustom(node)) pieces.push({ from: i, to: i + 1, custom: node })
    else if (last === undefined || last.custom !== undefined) pieces.push({ from: i, to: i + 1, custom: undefined })
    else last.to = i + 1
  })
  // who takes a value last: the place of its piece, or behind all
  const lastUse = new Map<string, number>()
  const takes = pieces.map(({ from, to }, at) => {
    const taken = new Set<string>()
    for (const node of graph.nodes.slice(from, to))
      for (const name of operandNames(node)) if (name !== '' && !graph.constants.has(name)) taken.add(name)
    for (const name of taken) lastUse.set(name, at)
    return taken
  })
  for (const { name } of graph.outputs) lastUse.set(name, pieces.length)
  return pieces.map((piece, at) => {
    const made = new Set(
      graph.nodes
        .slice(piece.from, piece.to)
        .flatMap((n) => n.outputs)
        .filter((name) => name !== ''),
    )
    return {
      ...piece,
      inputs: [...(takes[at] as Set<string>)].filter((name) => !made.has(name)),
      outputs: [...made].filter((name) => (lastUse.get(name) ?? -1) > at),
    }
  })
}

/** The file of a segment; `typeOf` its inputs that the model itself does not declare. */
export function segmentModel(
  model: Model,
  segment: Segment,
  typeOf: (name: string) => { readonly dtype: Dtype; readonly shape: readonly number[] },
): Uint8Array {
  const nodes = model.graph.nodes.slice(segment.from, segment.to)
  const taken = new Set(nodes.flatMap(operandNames))
  const constants = new Map([...model.graph.constants].filter(([name]) => taken.has(name)))
  const defaults = new Set([...(model.graph.defaults ?? [])].filter((name) => constants.has(name)))
  const declared = new Map(model.graph.inputs.map((i) => [i.name, i]))
  const graph: Graph = {
    inputs: segment.inputs.map((name) => declared.get(name) ?? { name, ...typeOf(name) }),
    outputs: segment.outputs.map((name) => ({ name })),
    constants,
    nodes,
    ...(defaults.size === 0 ? {} : { defaults }),
  }
  return writeModel({ opsets: model.opsets, graph })
}
