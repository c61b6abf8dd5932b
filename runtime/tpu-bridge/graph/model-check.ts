/**
 * What a model must not contain, checked before any runtime sees it. ONNX field numbers are those of onnx.proto3.
 * Refused: weights outside the file (a runtime would read the node's own files), names with a zero byte, operators that draw random numbers
 * (no other node could get the same answer), loops without bound, and graphs over the limits.
 * Does not protect against: a graph that is small and still costs much memory or time within one operator: devices have limits of their own.
 */
import { equalBytes, fromUtf8, limitError, LIMITS, UtnetError, utf8 } from '../../core/index.ts'
import { ReadBudget } from './read-budget.ts'
import { fields } from './protobuf.ts'

const DOMAINS = new Set(['', 'ai.onnx.ml', 'com.microsoft', 'ai.utnet'])
const RANDOM = new Set(['RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike', 'Multinomial', 'Bernoulli', 'Sampling'])
const UNBOUNDED = new Set(['Loop'])
const ORT_FORMAT = utf8('ORTM')
const OUTSIDE = new Set(['EPContext'])

/** What the check found. */
export interface ModelSummary {
  /** Nodes with every function expanded. */
  readonly nodes: number
}

interface Body {
  nodes: number
  /** Of the whole file: messages by the million would take seconds to walk. */
  readonly budget: ReadBudget
  /** Calls of functions of the model itself, by key, with how often. */
  readonly calls: Map<string, number>
}

/** Checks ONNX bytes; throws `model_invalid` naming the reason. */
export function checkModel(bytes: Uint8Array): ModelSummary {
  if (bytes.length === 0) throw new UtnetError('model_invalid', 'the model is empty')
  if (bytes.length > LIMITS.modelBytes) throw limitError('model_invalid', 'modelBytes', bytes.length, LIMITS.modelBytes, 'model')
  // The runtime's own flatbuffer format would pass by all checks below.
  if (equalBytes(bytes.subarray(4, 8), ORT_FORMAT)) throw new UtnetError('model_invalid', 'the model is in ORT format; only ONNX is taken')
  const functions = new Map<string, Body>()
  const bodies: { readonly bytes: Uint8Array; readonly body: Body; readonly isFunction: boolean }[] = []
  const budget = new ReadBudget()
  const main: Body = { nodes: 0, budget, calls: new Map() }
  for (const f of fields(bytes)) {
    if (f.wire !== 2) continue
    if (f.number === 7) bodies.push({ bytes: f.bytes, body: main, isFunction: false })
    if (f.number === 20) throw new UtnetError('model_invalid', 'the model carries training graphs; export it for inference')
    if (f.number === 25) {
      const key = functionKey(f.bytes)
      if (functions.has(key)) throw new UtnetError('model_invalid', `the model defines function ${key} twice`)
      budget.object()
      const body: Body = { nodes: 0, budget, calls: new Map() }
      functions.set(key, body)
      bodies.push({ bytes: f.bytes, body, isFunction: true })
    }
  }
  if (!bodies.some((b) => !b.isFunction)) throw new UtnetError('model_invalid', 'the model is not an ONNX file: it has no graph')
  for (const { bytes: part, body, isFunction } of bodies) scanGraph(part, isFunction, body, functions, 0)
  const nodes = expand(main, functions, new Map(), new Set())
  return { nodes }
}

function functionKey(bytes: Uint8Array): string {
  let name = ''
  let domain = ''
  for (const f of fields(bytes)) {
    if (f.wire === 2 && f.number === 1) name = text(f.bytes)
    if (f.wire === 2 && f.number === 10) domain = domainName(f.bytes)
  }
  return `${domain}:${name}`
}

/** A runtime in C ends a name at its first zero byte: two names would be one, or one another. */
function checkName(bytes: Uint8Array): void {
  if (bytes.includes(0))
    throw new UtnetError('model_invalid', `the model has a name with a zero byte: ${JSON.stringify(text(bytes.subarray(0, 80)))}`)
}

/** GraphProto: node 1, initializer 5, input 11, output 12, sparse_initializer 15. FunctionProto: node 7, attribute_proto 11. */
function scanGraph(bytes: Uint8Array, isFunction: boolean, body: Body, functions: ReadonlyMap<string, Body>, depth: number): void {
  body.budget.object()
  if (depth > LIMITS.modelDepth) throw limitError('model_invalid', 'modelDepth', depth, LIMITS.modelDepth, 'nesting of graphs in the model')
  for (const f of fields(bytes)) {
    if (f.wire !== 2) continue
    if (f.number === (isFunction ? 7 : 1)) scanNode(f.bytes, body, functions, depth)
    else if (isFunction && f.number === 11) scanAttribute(f.bytes, body, functions, depth)
    else if (!isFunction && f.number === 5) scanTensor(f.bytes, body)
    else if (!isFunction && f.number === 15) scanSparse(f.bytes, body)
    else if (!isFunction && (f.number === 11 || f.number === 12))
      for (const v of fields(f.bytes)) if (v.number === 1 && v.wire === 2) checkName(v.bytes)
  }
}

/** NodeProto: input 1, output 2, op_type 4, attribute 5, domain 7. */
function scanNode(bytes: Uint8Array, body: Body, functions: ReadonlyMap<string, Body>, depth: number): void {
  body.budget.object()
  if (++body.nodes > LIMITS.modelNodes) throw limitError('model_invalid', 'modelNodes', body.nodes, LIMITS.modelNodes, 'nodes of the model')
  let op = ''
  let domain = ''
  for (const f of fields(bytes)) {
    if (f.wire !== 2) continue
    if (f.number === 1 || f.number === 2) checkName(f.bytes)
    else if (f.number === 4) op = text(f.bytes)
    else if (f.number === 7) domain = domainName(f.bytes)
    else if (f.number === 5) scanAttribute(f.bytes, body, functions, depth)
  }
  const key = `${domain}:${op}`
  if (functions.has(key)) body.calls.set(key, (body.calls.get(key) ?? 0) + 1)
  else if (!DOMAINS.has(domain)) throw new UtnetError('model_invalid', `the model uses operator ${key.slice(0, 120)}, which no device has`)
  if (RANDOM.has(op))
    throw new UtnetError('model_invalid', `the model uses ${op}: a random result cannot be reproduced`, {
      hint: 'hand the random values in as an input',
    })
  if (UNBOUNDED.has(op))
    throw new UtnetError('model_invalid', `the model uses ${op}, whose cost has no bound`, { hint: 'unroll it, or use Scan' })
  if (OUTSIDE.has(op)) throw new UtnetError('model_invalid', `the model uses ${op}, which reads files outside the model`)
}

/** AttributeProto: t 5, g 6, tensors 10, graphs 11, sparse_tensor 22, sparse_tensors 23. */
function scanAttribute(bytes: Uint8Array, body: Body, functions: ReadonlyMap<string, Body>, depth: number): void {
  body.budget.object()
  for (const f of fields(bytes)) {
    if (f.wire !== 2) continue
    if (f.number === 5 || f.number === 10) scanTensor(f.bytes, body)
    else if (f.number === 6 || f.number === 11) scanGraph(f.bytes, false, body, functions, depth + 1)
    else if (f.number === 22 || f.number === 23) scanSparse(f.bytes, body)
  }
}

/** SparseTensorProto: values 1, indices 2. */
function scanSparse(bytes: Uint8Array, body: Body): void {
  for (const f of fields(bytes)) if (f.wire === 2 && (f.number === 1 || f.number === 2)) scanTensor(f.bytes, body)
}

/** TensorProto: name 8, external_data 13, data_location 14 (0 is in the file). */
function scanTensor(bytes: Uint8Array, body: Body): void {
  body.budget.object()
  for (const f of fields(bytes)) {
    if (f.number === 8 && f.wire === 2) checkName(f.bytes)
    if ((f.number === 13 && f.wire === 2) || (f.number === 14 && f.wire === 0 && f.value !== 0)) {
      throw new UtnetError('model_invalid', 'the model keeps weights outside its file', {
        hint: 'save it as one file (onnx.save without external data)',
      })
    }
  }
}

/** Nodes after a runtime has put every function in line; refuses recursion and blow-up before it can happen. */
function expand(body: Body, functions: ReadonlyMap<string, Body>, known: Map<string, number>, open: Set<string>): number {
  let total = body.nodes
  for (const [key, times] of body.calls) {
    if (open.has(key)) throw new UtnetError('model_invalid', `function ${key.slice(0, 120)} of the model calls itself`)
    if (open.size >= LIMITS.modelDepth)
      throw limitError('model_invalid', 'modelDepth', open.size + 1, LIMITS.modelDepth, 'nesting of functions in the model')
    let nodes = known.get(key)
    if (nodes === undefined) {
      open.add(key)
      nodes = expand(functions.get(key) as Body, functions, known, open)
      open.delete(key)
      known.set(key, nodes)
    }
    total += times * nodes
    if (total > LIMITS.modelNodes)
      throw limitError('model_invalid', 'modelNodes', total, LIMITS.modelNodes, 'nodes of the model, functions expanded')
  }
  return total
}

/** The default domain has two spellings. */
function domainName(bytes: Uint8Array): string {
  const name = text(bytes)
  return name === 'ai.onnx' ? '' : name
}

function text(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch {
    throw new UtnetError('model_invalid', 'the model has text that is not UTF-8')
  }
}
