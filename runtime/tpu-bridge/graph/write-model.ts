/** Graphs as ONNX files (onnx.proto3), the same bytes for the same model. */
import { LIMITS, limitError, type Dtype, type Tensor } from '../../core/index.ts'
import { fields } from './protobuf.ts'
import { Message } from './protobuf-write.ts'
import { clampedBigInt } from './constant-node.ts'
import type { Attribute, Graph, Model, Node } from './graph.ts'
import { ONNX_TYPES } from './onnx-type.ts'
import { textOf } from './read-budget.ts'
import type { ValueInfo } from './read-graph.ts'

/** Old enough for every runtime, new enough for initializers that are no inputs. */
const IR_VERSION = 8

/** Writes a model, constants as initializers. Throws `core_too_large` where it would be longer than a model may be. */
export function writeModel(model: Model): Uint8Array {
  const out = new Message().int(1, IR_VERSION).text(2, 'utnet').message(7, graphMessage(model.graph))
  for (const [domain, version] of [...model.opsets].sort(([a], [b]) => (a < b ? -1 : 1)))
    out.message(8, new Message().text(1, domain).int(2, version))
  if (out.length > LIMITS.modelBytes) throw limitError('core_too_large', 'modelBytes', out.length, LIMITS.modelBytes, 'model to be written')
  return out.bytes()
}

/**
 * The file with values of its main graph as further outputs; those that are outputs already stay as they are. Nothing is encoded again: a second graph field is
 * appended, which every reader merges into the first.
 */
export function exposed(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const known = new Set(outputNames(bytes))
  const more = new Message()
  for (const name of new Set(names)) if (!known.has(name)) more.message(12, new Message().text(1, name))
  const field = new Message().message(7, more).bytes()
  const out = new Uint8Array(bytes.length + field.length)
  out.set(bytes)
  out.set(field, bytes.length)
  return out
}

function outputNames(bytes: Uint8Array): string[] {
  const names: string[] = []
  for (const graph of fields(bytes)) {
    if (graph.number !== 7 || graph.wire !== 2) continue
    for (const output of fields(graph.bytes)) {
      if (output.number !== 12 || output.wire !== 2) continue
      for (const f of fields(output.bytes)) if (f.number === 1 && f.wire === 2) names.push(textOf(f.bytes))
    }
  }
  return names
}

function graphMessage(graph: Graph): Message {
  const out = new Message()
  for (const node of graph.nodes) out.message(1, nodeMessage(node))
  out.text(2, 'graph')
  for (const [name, tensor] of graph.constants) out.message(5, tensorMessage(name, tensor))
  for (const input of graph.inputs) out.message(11, valueMessage(input))
  for (const name of graph.defaults ?? []) out.message(11, valueMessage({ ...(graph.constants.get(name) as Tensor), name }))
  for (const output of graph.outputs) out.message(12, valueMessage(output))
  return out
}

function nodeMessage(node: Node): Message {
  const out = new Message()
  for (const name of node.inputs) out.text(1, name)
  for (const name of node.outputs) out.text(2, name)
  if (node.name !== '') out.text(3, node.name)
  out.text(4, node.op)
  for (const [name, attribute] of node.attributes) out.message(5, attributeMessage(name, attribute))
  if (node.domain !== '') out.text(7, node.domain)
  return out
}

/** AttributeProto.AttributeType. */
const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const

function attributeMessage(name: string, a: Attribute): Message {
  const out = new Message().text(1, name)
  switch (a.kind) {
    case 'float':
      out.float(2, a.value)
      break
    case 'int':
      out.int(3, clampedBigInt(a.value))
      break
    case 'string':
      out.text(4, a.value)
      break
    case 'tensor':
      out.message(5, tensorMessage('', a.value))
      break
    case 'graph':
      out.message(6, graphMessage(a.value))
      break
    case 'floats':
      for (const value of a.value) out.float(7, value)
      break
    case 'ints':
      for (const value of a.value) out.int(8, clampedBigInt(value))
      break
    case 'strings':
      for (const value of a.value) out.text(9, value)
  }
  return out.int(20, ATTRIBUTE_TYPES[a.kind])
}

function tensorMessage(name: string, tensor: Tensor): Message {
  const out = new Message()
  for (const side of tensor.shape) out.int(1, side)
  out.int(2, ONNX_TYPES[tensor.dtype])
  if (name !== '') out.text(8, name)
  return out.data(9, tensor.data)
}

/** Without a shape where it has no sides: that is a scalar, or a value whose shape nobody said. */
function valueMessage(value: ValueInfo): Message {
  const out = new Message().text(1, value.name)
  if (value.dtype === undefined) return out
  const tensor = new Message().int(1, ONNX_TYPES[value.dtype as Dtype])
  const { shape } = value
  if (shape !== undefined && shape.length > 0) {
    const sides = new Message()
    for (const side of shape) sides.message(1, side < 0 ? new Message() : new Message().int(1, side))
    tensor.message(2, sides)
  }
  return out.message(2, new Message().message(1, tensor))
}
