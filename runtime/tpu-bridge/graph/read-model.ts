/** ModelProto (onnx.proto3): an ONNX file as a graph. */
import { UtnetError } from '../../core/index.ts'
import { checkModel } from './model-check.ts'
import { fields } from './protobuf.ts'
import { allNodes } from './all-nodes.ts'
import { buildGraph } from './build-graph.ts'
import type { Graph, Model } from './graph.ts'
import { quoted, ReadBudget } from './read-budget.ts'
import { readFunction, type ModelFunction } from './read-function.ts'
import { readGraph } from './read-graph.ts'
import { readOpsets } from './read-opsets.ts'

/** The newest IR version whose files are understood. */
const NEWEST_IR = 13
/** From here on an initializer that is also an input is a default that a caller may replace. */
const IR_DEFAULTS = 4

/**
 * Reads an ONNX file. Weights in `raw_data` are views of `bytes`, at any address: nobody may change either.
 * Functions of the model are expanded, an `If` whose condition is a constant is its branch, names are unique.
 * Throws `model_invalid` naming what is wrong.
 */
export function readModel(bytes: Uint8Array): Model {
  checkModel(bytes)
  const budget = new ReadBudget()
  let ir = 0
  const graphs: Uint8Array[] = []
  const sets: Uint8Array[] = []
  const bodies: Uint8Array[] = []
  for (const f of fields(bytes)) {
    if (f.number === 1 && f.wire === 0) ir = f.value
    if (f.wire !== 2) continue
    if (f.number === 7) graphs.push(f.bytes)
    else if (f.number === 8) sets.push(f.bytes)
    else if (f.number === 25) bodies.push(f.bytes)
  }
  if (ir < 1 || ir > NEWEST_IR)
    throw new UtnetError('model_invalid', `the model is of ONNX IR version ${ir}; known are 1 to ${NEWEST_IR}`, {
      hint: 'export it with an older version of onnx',
    })
  const all = readOpsets(sets, budget)
  const functions = new Map<string, ModelFunction>()
  for (const body of bodies) {
    const read = readFunction(body, all, budget)
    functions.set(`${read.domain}:${read.name}`, read)
  }
  const graph = buildGraph(readGraph(graphs, budget), functions, ir < IR_DEFAULTS)
  return { opsets: usedOpsets(graph, all), graph }
}

/** The versions of the domains that nodes are of. Throws `model_invalid` for a domain that the model does not ask for. */
function usedOpsets(graph: Graph, all: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const used = new Map<string, number>()
  for (const node of allNodes(graph)) {
    if (used.has(node.domain)) continue
    const version = all.get(node.domain)
    if (version === undefined)
      throw new UtnetError(
        'model_invalid',
        `the model uses operator ${quoted(node.op)} of domain ${quoted(node.domain)} and asks for no opset of it`,
      )
    used.set(node.domain, version)
  }
  return used
}
