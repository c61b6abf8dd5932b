/** `/v2`: Open Inference Protocol v2 over JSON. Unknown parameters are ignored, as the protocol asks. */
import {
  aname,
  DTYPES,
  LIMITS,
  UtnetError,
  type ArithmeticClass,
  type Dtype,
  type InferResult,
  type ModelView,
  type NamedTensor,
  type NodeApi,
  type TensorSpec,
  isObject,
  parseJson,
} from '../../runtime/core/index.ts'
import { checkType, json, preferences, readBody, respond, type Answer, type GatewayContext } from '../http/index.ts'
import { formatReceipt, JSON_TYPE, OIP_TYPES, RECEIPT_HEADER, tensorJson, tensorsOf } from '../wire/index.ts'

const ARITHMETIC: readonly unknown[] = ['any', 'bounded', 'exact']

const spec = (t: TensorSpec) => ({
  name: t.name,
  datatype: Object.hasOwn(DTYPES, t.dtype) ? OIP_TYPES[t.dtype as Dtype] : t.dtype.toUpperCase(),
  shape: t.shape,
})

/** The metadata answer of a model. */
function metadata(model: ModelView): Answer {
  const { name } = model
  return json({ name, versions: [model.model], platform: 'onnx', inputs: model.inputs.map(spec), outputs: model.outputs.map(spec) })
}

interface Asked {
  readonly id: string | undefined
  readonly inputs: readonly NamedTensor[]
  readonly arithmetic: ArithmeticClass | undefined
  /** Names of the outputs to return; undefined for all. */
  readonly outputs: readonly string[] | undefined
}

function asked(body: unknown): Asked {
  if (!isObject(body)) throw new UtnetError('request_invalid', 'the request body must be an object with inputs')
  const { id, inputs, outputs, parameters } = body
  if (id !== undefined && typeof id !== 'string') throw new UtnetError('request_invalid', 'id must be a string')
  const arithmetic = isObject(parameters) ? parameters['arithmetic'] : undefined
  if (arithmetic !== undefined && !ARITHMETIC.includes(arithmetic)) {
    throw new UtnetError('request_invalid', `the parameter arithmetic must be ${ARITHMETIC.join(', ')}`)
  }
  let names: string[] | undefined
  if (outputs !== undefined) {
    if (!Array.isArray(outputs)) throw new UtnetError('request_invalid', 'outputs must be an array')
    names = outputs.map((o: unknown) => {
      if (!isObject(o) || typeof o['name'] !== 'string') throw new UtnetError('request_invalid', 'an output must be an object with a name')
      return o['name']
    })
  }
  return {
    id,
    inputs: tensorsOf(inputs, 'input', LIMITS.tensorsPerCall),
    arithmetic: arithmetic as ArithmeticClass | undefined,
    outputs: names,
  }
}

function selected(result: InferResult, names: readonly string[] | undefined): readonly NamedTensor[] {
  return (
    names?.map((name) => {
      const tensor = result.outputs.find((t) => t.name === name)
      if (tensor === undefined) throw new UtnetError('tensor_input', `the model has no output ${JSON.stringify(name.slice(0, 80))}`)
      return tensor
    }) ?? result.outputs
  )
}

/** Text of the answer, written by hand: JSON.stringify would lose the sign of -0. */
function answerText(name: string, result: InferResult, want: Asked): string {
  const id = want.id === undefined ? '' : `,"id":${JSON.stringify(want.id)}`
  const parameters = JSON.stringify({ arithmetic: result.arithmetic })
  const outputs = selected(result, want.outputs).map(tensorJson).join(',')
  return `{"model_name":${JSON.stringify(name)},"model_version":${JSON.stringify(result.model)}${id},"parameters":${parameters},"outputs":[${outputs}]}`
}

async function infer(node: NodeApi, request: Request, given: string): Promise<Answer> {
  const name = aname(given, 'model')
  checkType(request, [JSON_TYPE], false)
  const want = asked(parseJson(await readBody(request, 'bodyBytes', request.headers.get('content-length')), 'the request body'))
  const result = await node.infer({
    model: name,
    inputs: want.inputs,
    ...(want.arithmetic === undefined ? {} : { arithmetic: want.arithmetic }),
    ...preferences(request.headers.get('prefer')),
  })
  return {
    status: 200,
    type: JSON_TYPE,
    body: answerText(name, result, want),
    headers: { [RECEIPT_HEADER]: formatReceipt(result.receipt) },
  }
}

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
  const modelOf = (c: GatewayContext): Promise<ModelView> => node.model(aname(c.req.param('model'), 'model'))
  return {
    server: async (c) => respond(c.req.raw, json({ name: 'utnet', version: (await node.info()).version, extensions: [] })),
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
      return respond(c.req.raw, await infer(node, c.req.raw, c.req.param('model') ?? ''))
    },
  }
}
