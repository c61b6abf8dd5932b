/** Every node of a graph. */
import type { Graph, Node } from './graph.ts'

/** Those of subgraphs come behind the one that holds them. */
export function* allNodes(graph: Graph): Generator<Node> {
  for (const node of graph.nodes) {
    yield node
    for (const a of node.attributes.values()) if (a.kind === 'graph') yield* allNodes(a.value)
  }
}
