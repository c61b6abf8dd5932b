/** GraphProto, NodeProto and AttributeProto (onnx.proto3) as they stand, before constants are taken out of nodes and functions are expanded. */
import { LIMITS, limitError, UtnetError, type Tensor, type TensorSpec } from '../../core/index.ts'
import { countVarints, eachVarint, fields, signedNumber } from './protobuf.ts'
import type { Attribute } from './graph.ts'
import { dtypeOfOnnx, onnxTypeName } from './onnx-type.ts'
import { quoted, textOf, type ReadBudget } from './read-budget.ts'
import { readTensor } from './read-tensor.ts'

export type RawAttribute =
  | Exclude<Attribute, { readonly kind: 'graph' }>
  | { readonly kind: 'graph'; readonly value: RawGraph }
  /** Of a function's body: the attribute of that name of the call. */
  | { readonly kind: 'ref'; readonly value: string }

export interface RawNode {
  readonly name: string
  readonly op: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, RawAttribute>
}

/** What a value is said to be; without a dtype where the file says nothing. */
export type ValueInfo = { readonly name: string } & Partial<TensorSpec>

export interface RawGraph {
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly initializers: ReadonlyMap<string, Tensor>
  readonly nodes: readonly RawNode[]
}

/** The default domain has two spellings. */
export const domainOf = (name: string): string => (name === 'ai.onnx' ? '' : name)

/** Reads a graph; of a model the parts that its fields of the same number bring are one graph (protobuf merges them). */
export function readGraph(parts: readonly Uint8Array[], budget: ReadBudget): RawGraph {
  const inputs: ValueInfo[] = []
  const outputs: ValueInfo[] = []
  const initializers = new Map<string, Tensor>()
  const nodes: RawNode[] = []
  for (const part of parts)
    for (const f of fields(part)) {
      if (f.wire !== 2) continue
      if (f.number === 1) nodes.push(readNode(f.bytes, budget))
      else if (f.number === 5) {
        const { name, tensor } = readTensor(f.bytes, budget)
        if (name === '') throw new UtnetError('model_invalid', 'the model has an initializer without a name')
        if (initializers.has(name)) throw new UtnetError('model_invalid', `the model gives constant ${quoted(name)} twice`)
        initializers.set(name, tensor)
      } else if (f.number === 11) inputs.push(readValueInfo(f.bytes, budget, 'input'))
      else if (f.number === 12) outputs.push(readValueInfo(f.bytes, budget, 'output'))
      else if (f.number === 15)
        throw new UtnetError('model_invalid', 'the model has sparse initializers, which the bridge does not carry', {
          hint: 'export it with dense weights',
        })
    }
  return { inputs, outputs, initializers, nodes }
}

export function readNode(bytes: Uint8Array, budget: ReadBudget): RawNode {
  budget.object()
  let name = ''
  let op = ''
  let domain = ''
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes = new Map<string, RawAttribute>()
  for (const f of fields(bytes)) {
    if (f.wire !== 2) continue
    if (f.number === 1) inputs.push(budget.name(f.bytes))
    else if (f.number === 2) outputs.push(budget.name(f.bytes))
    else if (f.number === 3) name = budget.name(f.bytes)
    else if (f.number === 4) op = budget.name(f.bytes)
    else if (f.number === 7) domain = domainOf(budget.name(f.bytes))
    else if (f.number === 5) {
      const [key, value] = readAttribute(f.bytes, budget)
      if (attributes.has(key)) throw new UtnetError('model_invalid', `a node of the model has attribute ${quoted(key)} twice`)
      attributes.set(key, value)
    }
  }
  if (op === '') throw new UtnetError('model_invalid', `node ${quoted(name)} of the model names no operator`)
  return { name, op, domain, inputs, outputs, attributes }
}

/** AttributeProto.AttributeType. */
const KINDS = ['', 'float', 'int', 'string', 'tensor', 'graph', 'floats', 'ints', 'strings'] as const
/** The field in which the value of a kind lies. */
const FIELDS: ReadonlyMap<number, (typeof KINDS)[number]> = new Map([
  [2, 'float'],
  [3, 'int'],
  [4, 'string'],
  [5, 'tensor'],
  [6, 'graph'],
  [7, 'floats'],
  [8, 'ints'],
  [9, 'strings'],
])

/** AttributeProto with its name. Throws `model_invalid` for kinds that no operator of ours has (tensor lists, sparse tensors, types). */
export function readAttribute(bytes: Uint8Array, budget: ReadBudget): readonly [string, RawAttribute] {
  budget.object()
  let name = ''
  let ref = ''
  let type = 0
  let found: (typeof KINDS)[number] = ''
  let float = 0
  let int = 0
  let single: Uint8Array | undefined
  const floats: number[] = []
  const ints: number[] = []
  const strings: string[] = []
  for (const f of fields(bytes)) {
    if (f.number === 1 && f.wire === 2) name = budget.name(f.bytes)
    else if (f.number === 21 && f.wire === 2) ref = budget.name(f.bytes)
    else if (f.number === 20 && f.wire === 0) type = f.value
    else if (f.number === 2 && f.wire === 5) float = f32At(f.bytes, 0)
    else if (f.number === 3 && f.wire === 0) int = f.value
    else if ((f.number === 4 || f.number === 5 || f.number === 6) && f.wire === 2) {
      if (single !== undefined) throw new UtnetError('model_invalid', `attribute ${quoted(name)} of the model has two values`)
      single = f.bytes
    } else if (f.number === 7 && (f.wire === 2 || f.wire === 5)) {
      if (f.bytes.length % 4 !== 0) throw new UtnetError('model_invalid', `attribute ${quoted(name)} of the model ends within a number`)
      budget.take(f.bytes.length / 4)
      for (let i = 0; i < f.bytes.length; i += 4) floats.push(f32At(f.bytes, i))
    } else if (f.number === 8 && (f.wire === 0 || f.wire === 2)) {
      budget.take(countVarints(f.bytes))
      eachVarint(f.bytes, (low, high) => ints.push(signedNumber(low, high)))
    } else if (f.number === 9 && f.wire === 2) {
      budget.take(1)
      strings.push(textOf(f.bytes))
    } else continue
    const kind = FIELDS.get(f.number)
    if (kind === undefined) continue
    if (found !== '' && found !== kind) throw new UtnetError('model_invalid', `attribute ${quoted(name)} of the model has two values`)
    found = kind
  }
  if (name === '') throw new UtnetError('model_invalid', 'the model has an attribute without a name')
  if (ref !== '') return [name, { kind: 'ref', value: ref }]
  // files of the first version do not say the type; the others leave a value out that is zero or empty
  const kind = type === 0 ? found : KINDS[type]
  if (kind === undefined || kind === '' || (found !== '' && found !== kind))
    throw new UtnetError('model_invalid', `attribute ${quoted(name)} of the model is of a kind that the bridge does not carry`)
  switch (kind) {
    case 'float':
      return [name, { kind, value: float }]
    case 'int':
      return [name, { kind, value: int }]
    case 'string':
      return [name, { kind, value: textOf(single ?? new Uint8Array()) }]
    case 'tensor':
      return [name, { kind, value: readTensor(single ?? new Uint8Array(), budget, name).tensor }]
    case 'graph':
      return [name, { kind, value: readGraph([single ?? new Uint8Array()], budget) }]
    case 'floats':
      return [name, { kind, value: floats }]
    case 'ints':
      return [name, { kind, value: ints }]
    case 'strings':
      return [name, { kind, value: strings }]
  }
}

const f32At = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer, bytes.byteOffset + at, 4).getFloat32(0, true)

/** ValueInfoProto {name 1, type 2}; TypeProto {tensor_type 1 {elem_type 1, shape 2 {dim 1 {dim_value 1, dim_param 2}}}}. A side that is free, or said wrongly, is -1. */
function readValueInfo(bytes: Uint8Array, budget: ReadBudget, kind: 'input' | 'output'): ValueInfo {
  budget.object()
  let name = ''
  const types: Uint8Array[] = []
  for (const f of fields(bytes)) {
    if (f.wire !== 2) continue
    if (f.number === 1) name = budget.name(f.bytes)
    else if (f.number === 2) types.push(f.bytes)
  }
  if (name === '') throw new UtnetError('model_invalid', `the model has an ${kind} without a name`)
  let elem = 0
  const shape: number[] = []
  for (const type of types)
    for (const f of fields(type)) {
      if (f.wire !== 2 || (f.number !== 1 && !OTHER_TYPES.has(f.number))) continue
      if (f.number !== 1) throw new UtnetError('model_invalid', `${kind} ${quoted(name)} of the model is not a tensor`)
      for (const t of fields(f.bytes)) {
        if (t.number === 1 && t.wire === 0) elem = t.value
        if (t.number !== 2 || t.wire !== 2) continue
        for (const dim of fields(t.bytes)) {
          if (dim.number !== 1 || dim.wire !== 2) continue
          budget.take(1)
          shape.push(sideOf(dim.bytes))
        }
      }
    }
  if (elem === 0) return { name }
  const dtype = dtypeOfOnnx(elem)
  if (dtype === undefined)
    throw new UtnetError(
      'model_invalid',
      `${kind} ${quoted(name)} of the model has type ${onnxTypeName(elem)}, which the bridge does not carry`,
    )
  if (shape.length > LIMITS.tensorRank)
    throw limitError('model_invalid', 'tensorRank', shape.length, LIMITS.tensorRank, `rank of ${kind} ${quoted(name)} of the model`)
  return { name, dtype, shape }
}

/** TypeProto: sequence 4, map 5, opaque 7, sparse tensor 8, optional 9. */
const OTHER_TYPES = new Set([4, 5, 7, 8, 9])

function sideOf(bytes: Uint8Array): number {
  let side = -1
  for (const f of fields(bytes)) if (f.number === 1 && f.wire === 0 && Number.isSafeInteger(f.value) && f.value >= 0) side = f.value
  return side
}
