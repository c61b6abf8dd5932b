/**
 * `remote`: any server of the Open Inference Protocol v2 (Triton, KServe, a TPU host, another node). What it answers cannot be compared with anything: its class is
 * `unchecked`. It must have the model already, under a name that it knows: the model's CID, unless told another. Of its answers only form is believed.
 */
import {
  abytes,
  BINARY_EXTENSION,
  binaryRequest,
  DTYPES,
  isObject,
  isUtnetError,
  JSON_LENGTH_HEADER,
  LIMITS,
  limitError,
  OIP_TYPES,
  parseJson,
  splitInference,
  tensorJson,
  tensorsOf,
  utf8,
  UtnetError,
  type CID,
  type Dtype,
  type NamedTensor,
  type TensorSpec,
} from '../../core/index.ts'
import type { Device, LoadedModel } from '../device.ts'
import { readModel } from '../graph/index.ts'
import { canonicaliseNaNs } from '../nan.ts'
import { checkInputs, checkSpecs } from '../specs.ts'

export interface RemoteOptions {
  /** Where its `/v2` begins, e.g. `http://10.0.0.7:8000`. */
  readonly url: string
  /** The name under which it has a model; the CID in text where nothing is said. */
  readonly nameOf?: (model: CID) => string
  /** Sent with each request, e.g. an authorization. */
  readonly headers?: Readonly<Record<string, string>>
  /** Longest time of one request; the default is the limit `tensorRunMs`. */
  readonly deadlineMs?: number
}

const DTYPE_OF: ReadonlyMap<unknown, Dtype> = new Map((Object.keys(DTYPES) as Dtype[]).map((d) => [OIP_TYPES[d], d]))

/** JSON of an answer may take so many times the bytes of its tensors. */
const JSON_FACTOR = 8

/** The device. It is asked nothing before it is used. Throws `core_bad_argument` for a URL that is none. */
export function remote(options: RemoteOptions): Device {
  const base = baseOf(options.url)
  const send = asker(base, options)
  let usable = false
  const ask: Ask = async (...request) => {
    try {
      return await send(...request)
    } catch (error) {
      if (isUtnetError(error, 'device_failed')) usable = false
      throw error
    }
  }
  let binary: Promise<boolean> | undefined

  /** Whether the server takes binary tensors; asked once, and again after a failure. */
  function takesBinary(): Promise<boolean> {
    binary ??= ask('').then(({ document }) => {
      const extensions = isObject(document) ? document['extensions'] : undefined
      return Array.isArray(extensions) && extensions.includes(BINARY_EXTENSION)
    })
    binary.catch(() => (binary = undefined))
    return binary
  }

  return {
    id: 'remote',
    class: 'unchecked',
    place: base.host,
    arithmetic: `unchecked:open-inference-v2:${base.host}`,
    async available() {
      // asked before every inference: once the server has answered it is ready until it fails
      if (usable) return true
      try {
        await ask('/health/ready')
        usable = true
        return true
      } catch (error) {
        return error as UtnetError
      }
    },
    async load(bytes, model) {
      abytes(bytes, undefined, 'model')
      const name = (options.nameOf ?? String)(model)
      const path = `/models/${encodeURIComponent(name)}`
      const own = readModel(bytes).graph
      const { document } = await ask(path)
      const { inputs, outputs } = metadataOf(document, name)
      sameSignature('input', own.inputs, inputs, name)
      sameSignature('output', own.outputs, outputs, name)
      const asBinary = await takesBinary()
      return loadedModel(`unchecked:open-inference-v2:${base.host}`, inputs, outputs, async (given) => {
        const { body, length } = asBinary ? binaryRequest(given, {}) : { body: jsonRequest(given), length: null }
        return ask(`${path}/infer`, body, length)
      })
    },
    async close() {
      binary = undefined
    },
  }
}

function baseOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '')
    throw new UtnetError(
      'core_bad_argument',
      `the URL of a remote device must be of http or https, without query or user: ${text.slice(0, 120)}`,
    )
  return url
}

const jsonRequest = (inputs: readonly NamedTensor[]): Uint8Array => utf8(`{"inputs":[${inputs.map(tensorJson).join(',')}]}`)

interface Said {
  readonly document: unknown
  readonly binary: Uint8Array
}

type Ask = (path: string, body?: Uint8Array, length?: string | null) => Promise<Said>

const failed = (base: URL, why: string, cause?: unknown): UtnetError =>
  new UtnetError('device_failed', `the remote device ${base.host} ${why}`, {
    hint: 'see whether its server runs, and whether it speaks the Open Inference Protocol v2',
    ...(cause === undefined ? {} : { cause }),
  })

/** Asks the server. What it refuses as the caller's is the caller's; everything else is the device's failure. */
function asker(base: URL, { headers = {}, deadlineMs = LIMITS.tensorRunMs }: RemoteOptions): Ask {
  const root = `${base.href.replace(/\/$/, '')}/v2`
  return async (path, body, length = null) => {
    let response: Response
    let bytes: Uint8Array
    try {
      const type = length === null ? 'application/json' : 'application/octet-stream'
      const sent = body === undefined ? {} : { method: 'POST', body: body as BodyInit }
      response = await fetch(`${root}${path}`, {
        ...sent,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'content-type': type }),
          ...(length === null ? {} : { [JSON_LENGTH_HEADER]: length }),
        },
        redirect: 'error',
        signal: AbortSignal.timeout(deadlineMs),
      })
      bytes = await readAll(response, LIMITS.outputBytes * JSON_FACTOR)
    } catch (cause) {
      if (cause instanceof UtnetError) throw cause
      const late = cause instanceof Error && cause.name === 'TimeoutError'
      throw failed(base, late ? `gave no answer within ${deadlineMs} ms` : 'cannot be reached, or broke off', cause)
    }
    if (response.status === 404 || (body === undefined && response.status === 400))
      throw new UtnetError('model_invalid', `the remote device ${base.host} has no ${path.slice(0, 200)}`, {
        hint: 'load the model there first, or name it',
      })
    if (response.status === 400 || response.status === 422)
      throw new UtnetError(refusalCode(bytes), `the remote device ${base.host} refuses the inputs: ${errorText(bytes)}`)
    if (!response.ok) throw failed(base, `answers ${response.status}: ${errorText(bytes)}`)
    if (bytes.length === 0) return { document: undefined, binary: bytes }
    try {
      return splitInference(bytes, response.headers.get(JSON_LENGTH_HEADER), 'answer')
    } catch (cause) {
      throw failed(base, 'gave an answer that cannot be read', cause)
    }
  }
}

/** The whole body, unless it is over `most`. */
async function readAll(response: Response, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.length
    // leaving the loop ends the connection
    if (length > most) throw limitError('device_failed', 'outputBytes', length, most, 'answer of the remote device')
    parts.push(part)
  }
  return Buffer.concat(parts, length)
}

/** A member of an error's document. */
function errorMember(bytes: Uint8Array, name: string): unknown {
  try {
    const document = parseJson(bytes.subarray(0, 65_536), 'error')
    return isObject(document) ? document[name] : undefined
  } catch {
    // it need not say anything
    return undefined
  }
}

/** What the protocol's member `error` says, in a line. */
function errorText(bytes: Uint8Array): string {
  const text = errorMember(bytes, 'error')
  return typeof text === 'string' ? text.replace(/\s+/g, ' ').slice(0, 200) : 'it does not say why'
}

/** Servers of our own kind say which rule the inputs broke. */
function refusalCode(bytes: Uint8Array): 'tensor_input' | 'tensor_dtype' | 'tensor_shape' {
  const code = errorMember(bytes, 'code')
  return code === 'tensor_dtype' || code === 'tensor_shape' ? code : 'tensor_input'
}

/** Inputs and outputs of a model's metadata. */
function metadataOf(document: unknown, name: string): { readonly inputs: readonly TensorSpec[]; readonly outputs: readonly TensorSpec[] } {
  const list = (what: string): readonly TensorSpec[] => {
    const items = isObject(document) ? document[what] : undefined
    if (!Array.isArray(items) || items.length > LIMITS.tensorsPerCall)
      throw new UtnetError('device_failed', `the metadata of ${name} name no ${what}`)
    return items.map((item: unknown) => {
      const { name: of, datatype, shape } = isObject(item) ? item : {}
      const dtype = DTYPE_OF.get(datatype)
      if (
        typeof of !== 'string' ||
        dtype === undefined ||
        !Array.isArray(shape) ||
        shape.length > LIMITS.tensorRank ||
        !shape.every(Number.isSafeInteger)
      )
        throw new UtnetError('device_failed', `the metadata of ${name} have ${what} that cannot be read`)
      return { name: of, dtype, shape: (shape as number[]).map((d) => (d < 0 ? -1 : d)) }
    })
  }
  const found = { inputs: list('inputs'), outputs: list('outputs') }
  checkSpecs([...found.inputs, ...found.outputs])
  return found
}

/** The model under that name must be ours by what goes in and comes out: more cannot be seen from here. */
function sameSignature(
  kind: string,
  own: readonly ({ readonly name: string } & Partial<TensorSpec>)[],
  theirs: readonly TensorSpec[],
  name: string,
): void {
  const wrong = own.find(({ name: of, dtype }) => {
    const other = theirs.find((t) => t.name === of)
    return other === undefined || (dtype !== undefined && dtype !== other.dtype)
  })
  if (wrong === undefined && own.length === theirs.length) return
  throw new UtnetError(
    'model_invalid',
    `the remote device has another model as ${name}: its ${kind}s are ${theirs
      .map((t) => `${t.name} ${t.dtype}`)
      .join(', ')
      .slice(0, 200)}`,
  )
}

function loadedModel(
  arithmetic: string,
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  send: (given: readonly NamedTensor[]) => Promise<Said>,
): LoadedModel {
  async function run(given: readonly NamedTensor[]): Promise<readonly NamedTensor[]> {
    checkInputs(inputs, given)
    const copies = given.map((t) => ({ ...t, data: new Uint8Array(t.data) }))
    const { document, binary } = await send(copies)
    return outputsOf(document, binary, outputs)
  }
  return {
    inputs,
    outputs,
    // its queue is the server's
    together: true,
    bytes: 0,
    run,
    // there is nothing to look at between
    verified: async (given) => ({ arithmetic, entries: 0, checkpoints: [], exceptions: [], outputs: await run(given) }),
    async close() {},
  }
}

/** The outputs in our order, whatever else was sent along. */
function outputsOf(document: unknown, binary: Uint8Array, specs: readonly TensorSpec[]): readonly NamedTensor[] {
  let tensors: readonly NamedTensor[]
  try {
    tensors = tensorsOf(isObject(document) ? document['outputs'] : undefined, 'output', LIMITS.tensorsPerCall, binary)
  } catch (cause) {
    throw new UtnetError('device_failed', `the remote device gave outputs that cannot be read: ${(cause as Error).message}`, { cause })
  }
  return specs.map((spec) => {
    const tensor = tensors.find((t) => t.name === spec.name)
    const fits =
      tensor !== undefined &&
      tensor.dtype === spec.dtype &&
      (spec.shape.length === 0 ||
        (spec.shape.length === tensor.shape.length && spec.shape.every((d, i) => d === -1 || d === tensor.shape[i])))
    if (!fits) throw new UtnetError('device_failed', `the remote device gave no output ${spec.name} of the declared type`)
    if (tensor.dtype === 'boolean' && tensor.data.some((b) => b > 1))
      throw new UtnetError('device_failed', `the remote device gave an output ${spec.name} with a byte that is no boolean`)
    canonicaliseNaNs(tensor)
    return tensor
  })
}
