/**
 * Tensors as the Open Inference Protocol v2 writes them: in JSON, bit for bit (NaN and the infinities are strings, -0 is -0), or by its extension for binary data behind
 * the JSON, as Triton has it: little-endian elements, row-major, of tensors with `parameters.binary_data_size`, in order.
 */
import { concatBytes, INTEGER_RANGES, isObject, parseJson, utf8 } from '../codec/index.ts'
import { limitError, shown, UtnetError } from '../errors.ts'
import { atensor, DTYPES, elementCount, type Dtype, type NamedTensor } from './tensor.ts'

/** Field that says how long the JSON is where binary data stands behind it. */
export const JSON_LENGTH_HEADER = 'inference-header-content-length'

/** Name of the extension in a server's metadata. */
export const BINARY_EXTENSION = 'binary_tensor_data'

/** Datatype of the protocol by dtype of the project. */
export const OIP_TYPES: Readonly<Record<Dtype, string>> = {
  f32: 'FP32',
  f64: 'FP64',
  u8: 'UINT8',
  s8: 'INT8',
  u16: 'UINT16',
  s16: 'INT16',
  u32: 'UINT32',
  s32: 'INT32',
  u64: 'UINT64',
  s64: 'INT64',
  boolean: 'BOOL',
}

const DTYPE_OF: Readonly<Record<string, Dtype>> = /* @__PURE__ */ Object.fromEntries(
  Object.entries(OIP_TYPES).map(([dtype, oip]) => [oip, dtype as Dtype]),
)

const INTEGER_RANGE: Partial<Record<Dtype, readonly [bigint, bigint]>> = INTEGER_RANGES

const WORDS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

type Get = (view: DataView, at: number) => number | bigint
type Set = (view: DataView, at: number, value: number) => void

const READ: Readonly<Record<Exclude<Dtype, 'boolean'>, Get>> = {
  f32: (v, i) => v.getFloat32(i * 4, true),
  f64: (v, i) => v.getFloat64(i * 8, true),
  u8: (v, i) => v.getUint8(i),
  s8: (v, i) => v.getInt8(i),
  u16: (v, i) => v.getUint16(i * 2, true),
  s16: (v, i) => v.getInt16(i * 2, true),
  u32: (v, i) => v.getUint32(i * 4, true),
  s32: (v, i) => v.getInt32(i * 4, true),
  u64: (v, i) => v.getBigUint64(i * 8, true),
  s64: (v, i) => v.getBigInt64(i * 8, true),
}

const WRITE: Readonly<Record<Exclude<Dtype, 'boolean' | 'u64' | 's64'>, Set>> = {
  // The one NaN of JSON is the canonical one; which bits the engine would write is its own choice.
  f32: (v, i, x) => (Number.isNaN(x) ? v.setUint32(i * 4, 0x7fc0_0000, true) : v.setFloat32(i * 4, x, true)),
  f64: (v, i, x) => (Number.isNaN(x) ? v.setBigUint64(i * 8, 0x7ff8_0000_0000_0000n, true) : v.setFloat64(i * 8, x, true)),
  u8: (v, i, x) => v.setUint8(i, x),
  s8: (v, i, x) => v.setInt8(i, x),
  u16: (v, i, x) => v.setUint16(i * 2, x, true),
  s16: (v, i, x) => v.setInt16(i * 2, x, true),
  u32: (v, i, x) => v.setUint32(i * 4, x, true),
  s32: (v, i, x) => v.setInt32(i * 4, x, true),
}

function numberText(x: number | bigint): string {
  if (typeof x === 'bigint') return Number.isSafeInteger(Number(x)) ? x.toString() : `"${x}"`
  if (Object.is(x, -0)) return '-0'
  return Number.isFinite(x) ? String(x) : `"${x}"`
}

/** Elements of one piece of a tensor's text: some 400 kB at most. */
const PIECE = 16_384

/** JSON text of one tensor, its data flat, in pieces: whole, that of 64 MiB takes gigabytes. */
export function* tensorJsonPieces({ name, dtype, shape, data }: NamedTensor): Generator<string> {
  const n = data.length / DTYPES[dtype]
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const text = dtype === 'boolean' ? (i: number) => (data[i] === 0 ? 'false' : 'true') : (i: number) => numberText(READ[dtype](view, i))
  yield `{"name":${JSON.stringify(name)},"datatype":"${OIP_TYPES[dtype]}","shape":[${shape.join(',')}],"data":[`
  for (let from = 0; from < n; from += PIECE) {
    const parts: string[] = []
    for (let i = from; i < Math.min(n, from + PIECE); i++) parts.push(text(i))
    yield `${from === 0 ? '' : ','}${parts.join(',')}`
  }
  yield ']}'
}

/** JSON text of one tensor, its data flat. */
export const tensorJson = (tensor: NamedTensor): string => [...tensorJsonPieces(tensor)].join('')

const refused = (what: string, i: number, dtype: Dtype, got: unknown): UtnetError =>
  new UtnetError('tensor_input', `element ${i} of ${what} is not a ${OIP_TYPES[dtype]}: ${shown(got)}`)

/** Puts values of one dtype into `view`, counting on; throws `tensor_input` naming the element. */
function writer(dtype: Dtype, view: DataView, what: string): (i: number, x: unknown) => void {
  if (dtype === 'boolean') {
    return (i, x) => {
      if (x !== true && x !== false && x !== 0 && x !== 1) throw refused(what, i, dtype, x)
      view.setUint8(i, Number(x))
    }
  }
  if (dtype === 'u64' || dtype === 's64') {
    const [low, high] = INTEGER_RANGE[dtype] as readonly [bigint, bigint]
    return (i, x) => {
      const decimal = typeof x === 'string' && /^-?(0|[1-9][0-9]{0,19})$/.test(x)
      if (!decimal && !Number.isSafeInteger(x)) throw refused(what, i, dtype, x)
      const n = BigInt(x as string | number)
      if (n < low || n > high) throw refused(what, i, dtype, x)
      view.setBigUint64(i * 8, BigInt.asUintN(64, n), true)
    }
  }
  const write = WRITE[dtype]
  const range = INTEGER_RANGE[dtype]
  if (range !== undefined) {
    const [low, high] = range.map(Number) as [number, number]
    return (i, x) => {
      if (typeof x !== 'number' || !Number.isInteger(x) || x < low || x > high) throw refused(what, i, dtype, x)
      write(view, i, x)
    }
  }
  return (i, x) => {
    const value = typeof x === 'string' ? WORDS[x] : x
    // A finite number that the dtype can only hold as infinity would be another input than the one sent. JSON has no other.
    if (typeof value !== 'number' || (typeof x === 'number' && !Number.isFinite(dtype === 'f32' ? Math.fround(x) : x)))
      throw refused(what, i, dtype, x)
    write(view, i, value)
  }
}

function nestingError(what: string, shape: readonly number[]): UtnetError {
  return new UtnetError('tensor_shape', `data of ${what} must be flat or nested as its shape [${shape.join(',')}] says`)
}

/** Binary data behind the JSON, taken in order. */
class Tail {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  take(length: unknown, what: string): Uint8Array {
    const left = this.#bytes.length - this.#at
    if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0 || length > left)
      throw new UtnetError('tensor_input', `binary_data_size of ${what} is ${shown(length)}, and ${left} bytes are left`)
    this.#at += length
    // not slice(): that of a Buffer is a view
    return new Uint8Array(this.#bytes.subarray(this.#at - length, this.#at))
  }

  end(what: string): void {
    const left = this.#bytes.length - this.#at
    if (left > 0) throw new UtnetError('tensor_input', `${left} bytes of binary data belong to no ${what}`)
  }
}

const NOTHING = new Tail(new Uint8Array(0))

/** The tensor of its JSON object, data flat or nested; throws `tensor_input`, `tensor_dtype` or `tensor_shape` naming it. */
export function tensorOf(json: unknown, what: string, tail: Tail = NOTHING): NamedTensor {
  if (!isObject(json)) throw new UtnetError('tensor_input', `${what} must be an object`)
  const { name, datatype, shape, data, parameters } = json
  if (typeof name !== 'string' || name === '') throw new UtnetError('tensor_input', `${what} has no name`)
  const called = `${what} ${JSON.stringify(name.slice(0, 80))}`
  const dtype = typeof datatype === 'string' && Object.hasOwn(DTYPE_OF, datatype) ? DTYPE_OF[datatype] : undefined
  if (dtype === undefined) {
    const known = Object.keys(DTYPE_OF).join(', ')
    throw new UtnetError('tensor_dtype', `${called} has the datatype ${shown(datatype)}, not one of ${known}`)
  }
  if (!Array.isArray(shape)) throw new UtnetError('tensor_shape', `${called} has no shape`)
  const dims = shape as readonly number[]
  const size = isObject(parameters) ? parameters['binary_data_size'] : undefined
  if (size !== undefined) {
    if (data !== undefined) throw new UtnetError('tensor_input', `${called} has its data twice, in JSON and behind it`)
    return { name, ...atensor({ dtype, shape: [...dims], data: tail.take(size, called) }, called) }
  }
  if (!Array.isArray(data)) throw new UtnetError('tensor_input', `${called} has no data array`)
  const n = elementCount(dims, called)
  const bytes = new Uint8Array(n * DTYPES[dtype])
  const put = writer(dtype, new DataView(bytes.buffer), called)
  let at = 0
  const walk = (list: readonly unknown[], level: number): void => {
    if (list.length !== dims[level]) throw nestingError(called, dims)
    for (const item of list) {
      if (level === dims.length - 1) put(at++, item)
      else if (Array.isArray(item)) walk(item as readonly unknown[], level + 1)
      else throw nestingError(called, dims)
    }
  }
  if (dims.length > 1 && Array.isArray(data[0])) walk(data, 0)
  else {
    if (data.length !== n)
      throw new UtnetError('tensor_shape', `${called} of shape [${dims.join(',')}] needs ${n} elements, has ${data.length}`)
    for (const item of data as readonly unknown[]) put(at++, item)
  }
  return { name, ...atensor({ dtype, shape: dims, data: bytes }, called) }
}

/** The tensors of a list, names apart; throws like `tensorOf`. */
export function tensorsOf(list: unknown, what: string, most: number, binary?: Uint8Array): readonly NamedTensor[] {
  if (!Array.isArray(list)) throw new UtnetError('tensor_input', `${what}s must be an array`)
  if (list.length > most) {
    throw limitError('tensor_input', 'tensorsPerCall', list.length, most, `number of ${what}s`)
  }
  const tail = binary === undefined ? NOTHING : new Tail(binary)
  const tensors = list.map((item) => tensorOf(item, what, tail))
  tail.end(what)
  const twice = tensors.find((t, i) => tensors.findIndex((other) => other.name === t.name) !== i)
  if (twice !== undefined) throw new UtnetError('tensor_input', `two ${what}s have the name ${JSON.stringify(twice.name.slice(0, 80))}`)
  return tensors
}

/** JSON of a tensor whose data follows as binary data. */
export function tensorHeadJson({ name, dtype, shape, data }: NamedTensor): string {
  const size = `{"binary_data_size":${data.length}}`
  return `{"name":${JSON.stringify(name)},"datatype":"${OIP_TYPES[dtype]}","shape":[${shape.join(',')}],"parameters":${size}}`
}

/** The document of a body and the binary data behind it. `length` is the value of the header field, null where there is none. Throws `request_invalid`, `core_bad_text`. */
export function splitInference(
  body: Uint8Array,
  length: string | null,
  what: string,
): { readonly document: unknown; readonly binary: Uint8Array } {
  if (length === null) return { document: parseJson(body, what), binary: body.subarray(body.length) }
  const at = /^[0-9]{1,12}$/.test(length) ? Number(length) : -1
  if (at < 0 || at > body.length)
    throw new UtnetError('request_invalid', `Inference-Header-Content-Length is ${length.slice(0, 40)}, the body has ${body.length} bytes`)
  return { document: parseJson(body.subarray(0, at), what), binary: body.subarray(at) }
}

/** The body of a request with its inputs as binary data, asking for outputs of the same form, and the value of the header field. */
export function binaryRequest(
  inputs: readonly NamedTensor[],
  parameters: Readonly<Record<string, unknown>>,
): { readonly body: Uint8Array; readonly length: string } {
  const given = JSON.stringify({ ...parameters, binary_data_output: true })
  const head = utf8(`{"parameters":${given},"inputs":[${inputs.map(tensorHeadJson).join(',')}]}`)
  return { body: concatBytes(head, ...inputs.map((t) => t.data)), length: String(head.length) }
}
