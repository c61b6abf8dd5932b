/** `/v2`: Open Inference Protocol v2 over JSON, tensors binary where asked for. Unknown parameters are ignored, as the protocol asks. */
import {
  aname,
  BINARY_EXTENSION,
  DTYPES,
  JSON_LENGTH_HEADER,
  limitError,
  LIMITS,
  OIP_TYPES,
  splitInference,
  tensorHeadJson,
  tensorJsonPieces,
  tensorsOf,
  utf8,
  UtnetError,
  type ArithmeticClass,
  type Dtype,
  type InferResult,
  type ModelView,
  type NamedTensor,
  type NodeApi,
  type TensorSpec,
  isObject,
} from '../../runtime/core/index.ts'
import { checkType, codingRefusal, json, preferences, readBody, respond, type Answer, type GatewayContext } from '../http/index.ts'
import { BYTES_TYPE, formatReceipt, JSON_TYPE, RECEIPT_HEADER } from '../wire/index.ts'

const ARITHMETIC: readonly unknown[] = ['any', 'bounded', 'exact']

const spec = (t: TensorSpec) => ({
  name: t.name,
  datatype: Object.hasOwn(DTYPES, t.dtype) ? OIP_TYPES[t.dtype as Dtype] : t.dtype.toUpperCase(),
  shape: t.shape,
})

/** The metadata answer of a model. */
function metadata(model: ModelView): Answer {
  const { name, platform } = model
  return json({ name, versions: [model.model], platform, inputs: model.inputs.map(spec), outputs: model.outputs.map(spec) })
}

interface Asked {
  readonly id: string | undefined
  readonly inputs: readonly NamedTensor[]
  readonly arithmetic: ArithmeticClass | undefined
  /** The outputs to return, each with its form; undefined for all. */
  readonly outputs: readonly Wanted[] | undefined
  /** The form of those that name none. */
  readonly binary: boolean
}

interface Wanted {
  readonly name: string
  readonly binary: boolean | undefined
}

const flag = (parameters: unknown, name: string): boolean | undefined => {
  const value = isObject(parameters) ? parameters[name] : undefined
  if (value !== undefined && typeof value !== 'boolean') throw new UtnetError('request_invalid', `the parameter ${name} must be a boolean`)
  return value
}

function asked(body: unknown, behind: Uint8Array): Asked {
  if (!isObject(body)) throw new UtnetError('request_invalid', 'the request body must be an object with inputs')
  const { id, inputs, outputs, parameters } = body
  if (id !== undefined && typeof id !== 'string') throw new UtnetError('request_invalid', 'id must be a string')
  const arithmetic = isObject(parameters) ? parameters['arithmetic'] : undefined
  if (arithmetic !== undefined && !ARITHMETIC.includes(arithmetic)) {
    throw new UtnetError('request_invalid', `the parameter arithmetic must be ${ARITHMETIC.join(', ')}`)
  }
  let wanted: Wanted[] | undefined
  if (outputs !== undefined) {
    if (!Array.isArray(outputs)) throw new UtnetError('request_invalid', 'outputs must be an array')
    if (outputs.length > LIMITS.tensorsPerCall)
      throw limitError('tensor_input', 'tensorsPerCall', outputs.length, LIMITS.tensorsPerCall, 'number of outputs asked for')
    wanted = outputs.map((o: unknown) => {
      if (!isObject(o) || typeof o['name'] !== 'string') throw new UtnetError('request_invalid', 'an output must be an object with a name')
      return { name: o['name'], binary: flag(o['parameters'], 'binary_data') }
    })
    const twice = wanted.find(({ name }, i) => wanted?.findIndex((other) => other.name === name) !== i)
    if (twice !== undefined) throw new UtnetError('tensor_input', `output ${JSON.stringify(twice.name.slice(0, 80))} is asked for twice`)
  }
  return {
    id,
    inputs: tensorsOf(inputs, 'input', LIMITS.tensorsPerCall, behind),
    arithmetic: arithmetic as ArithmeticClass | undefined,
    outputs: wanted,
    binary: flag(parameters, 'binary_data_output') ?? false,
  }
}

/** Outputs in the order asked for, with the form of each. */
function selected(result: InferResult, { outputs, binary }: Asked): readonly (readonly [tensor: NamedTensor, binary: boolean])[] {
  if (outputs === undefined) return result.outputs.map((t) => [t, binary])
  return outputs.map((want) => {
    const tensor = result.outputs.find((t) => t.name === want.name)
    if (tensor === undefined) throw new UtnetError('tensor_input', `the model has no output ${JSON.stringify(want.name.slice(0, 80))}`)
    return [tensor, want.binary ?? binary]
  })
}

/** A body that leaves piece by piece, each made when the one before is gone: tensors are not copied into one buffer, or written out as one text, first. */
function pieces(parts: Iterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = parts[Symbol.iterator]()
  return new ReadableStream({
    pull(controller) {
      const { value, done } = iterator.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
  })
}

/** Elements in JSON from which on an answer leaves piece by piece. */
const WHOLE_MAX = 65_536
/** Elements in JSON in front of binary data: the length of that text stands in the head. */
const MIXED_MAX = 1 << 20

/** The answer. Its text is written by hand: JSON.stringify would lose the sign of -0. */
function answerOf(name: string, result: InferResult, want: Asked): Answer {
  const id = want.id === undefined ? '' : `,"id":${JSON.stringify(want.id)}`
  const parameters = JSON.stringify({ arithmetic: result.arithmetic })
  const outputs = selected(result, want)
  function* text(): Generator<string> {
    yield `{"model_name":${JSON.stringify(name)},"model_version":${JSON.stringify(result.model)}${id},"parameters":${parameters},"outputs":[`
    for (const [i, [tensor, binary]] of outputs.entries()) {
      if (i > 0) yield ','
      if (binary) yield tensorHeadJson(tensor)
      else yield* tensorJsonPieces(tensor)
    }
    yield ']}'
  }
  const behind = outputs.flatMap(([{ data }, binary]) => (binary ? [data] : []))
  const written = outputs.reduce((n, [{ dtype, data }, binary]) => n + (binary ? 0 : data.length / DTYPES[dtype]), 0)
  const headers = { [RECEIPT_HEADER]: formatReceipt(result.receipt) }
  if (behind.length === 0 && written > WHOLE_MAX) return { status: 200, type: JSON_TYPE, body: pieces(text().map(utf8)), headers }
  if (written > MIXED_MAX)
    throw new UtnetError('tensor_input', `${written} elements in JSON stand in front of binary data, ${MIXED_MAX} at most may`, {
      hint: 'ask for all outputs as binary data',
    })
  const whole = [...text()].join('')
  if (behind.length === 0) return { status: 200, type: JSON_TYPE, body: whole, headers }
  const head = utf8(whole)
  const total = behind.reduce((n, data) => n + data.length, head.length)
  const lengths = { [JSON_LENGTH_HEADER]: String(head.length), 'content-length': String(total) }
  return {
    status: 200,
    type: BYTES_TYPE,
    body: pieces([head, ...behind.filter((data) => data.length > 0)]),
    headers: { ...headers, ...lengths },
  }
}

async function infer(node: NodeApi, request: Request, given: string): Promise<Answer> {
  const name = aname(given, 'model')
  // Clients of Triton name no type.
  checkType(request, [JSON_TYPE, BYTES_TYPE], true)
  const body = await readBody(request, 'bodyBytes', request.headers.get('content-length'))
  const { document, binary } = splitInference(body, request.headers.get(JSON_LENGTH_HEADER), 'the request body')
  const want = asked(document, binary)
  const result = await node.infer({
    model: name,
    inputs: want.inputs,
    ...(want.arithmetic === undefined ? {} : { arithmetic: want.arithmetic }),
    ...preferences(request.headers.get('prefer')),
  })
  return answerOf(name, result, want)
}

/** One for each endpoint of the protocol. */
export interface InferenceHandlers {
  readonly server: (c: GatewayContext) => Promise<Response>
  readonly live: (c: GatewayContext) => Response
  readonly ready: (c: GatewayContext) => Promise<Response>
  readonly model: (c: GatewayContext) => Promise<Response>
  readonly modelReady: (c: GatewayContext) => Promise<Response>
  readonly infer: (c: GatewayContext) => Promise<Response>
}

/** The handlers of one node; `page` refuses foreign pages. */
export function inferenceHandlers(node: NodeApi, page: (request: Request) => void): InferenceHandlers {
  const modelOf = async (c: GatewayContext): Promise<ModelView> => {
    const model = await node.model(aname(c.req.param('model'), 'model'))
    const version = c.req.param('version')
    if (version === undefined || version === model.model) return model
    throw new UtnetError('model_not_found', `the model ${model.name} has no version ${version.slice(0, 80)}, only ${model.model}`)
  }
  return {
    server: async (c) => respond(c.req.raw, json({ name: 'utnet', version: (await node.info()).version, extensions: [BINARY_EXTENSION] })),
    live: (c) => respond(c.req.raw, json({ live: true })),
    ready: async (c) => {
      if (!(await node.ready())) throw new UtnetError('node_not_ready', 'the node is not ready to infer')
      return respond(c.req.raw, json({ ready: true }))
    },
    model: async (c) => respond(c.req.raw, metadata(await modelOf(c))),
    modelReady: async (c) => {
      const { name, devices } = await modelOf(c)
      if (devices.length === 0) throw new UtnetError('device_missing', `no device can run the model ${name}`)
      return respond(c.req.raw, json({ name, ready: true }))
    },
    infer: async (c) => {
      page(c.req.raw)
      const coded = codingRefusal(c.req.raw)
      if (coded !== undefined) return coded
      if (c.req.param('version') !== undefined) await modelOf(c)
      return respond(c.req.raw, await infer(node, c.req.raw, c.req.param('model') ?? ''))
    },
  }
}
