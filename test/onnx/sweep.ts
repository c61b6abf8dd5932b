/** One function of f32 over bit patterns, on the kernel and on onnxruntime-web. */
import { fileCid, type Tensor } from '../../runtime/core/index.ts'
import { onnxWeb } from '../../runtime/tpu-bridge/devices/index.ts'
import { canonicaliseNaNs } from '../../runtime/tpu-bridge/nan.ts'
import { exactModule } from '../../runtime/tpu-bridge/operators/testing/exact-guest.ts'
import { f32, lowerCase, modelOfCase } from '../../runtime/tpu-bridge/operators/testing/node-case.ts'

export const FUNCTIONS: readonly string[] = (
  'Relu LeakyRelu HardSigmoid HardSwish Sigmoid Tanh Neg Abs Reciprocal Sqrt Floor Ceil Round Sign ThresholdedRelu Softsign Erf Gelu Exp Log Sin Cos ' +
  'Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Elu Selu Celu Softplus Clip'
).split(' ')

/** Elements of one run: a multiple of four, and three more. */
const CHUNK = (1 << 20) + 3
const BYTES = (CHUNK * 4 + 79) & ~15

interface Exports {
  readonly memory: WebAssembly.Memory
  readonly 'utnet:gas': WebAssembly.Global
  kernel(id: number, p: number, part: number, parts: number): number
  arena(bytes: number): number
}

/** Bit patterns from `first` on, `step` apart; those beyond 2^32 begin anew. */
function patterns(first: number, step: number): Float32Array {
  const words = new Uint32Array(CHUNK)
  for (let i = 0, at = first; i < CHUNK; i++, at += step) words[i] = at
  return new Float32Array(words.buffer)
}

export interface Sweep {
  readonly checked: number
  readonly differing: number
  /** The first that differs; empty where none does. */
  readonly example: string
}

export async function sweep(op: string, step: number, from = 0): Promise<Sweep> {
  const exports = new WebAssembly.Instance(await exactModule()).exports as unknown as Exports
  exports['utnet:gas'].value = 1n << 62n
  const place = exports.arena(BYTES * 2 + 4096)
  const record = place + BYTES * 2
  const c = { op, opset: op === 'Gelu' ? 20 : 17, inputs: [f32([CHUNK], new Float32Array(CHUNK))] }
  const [call] = lowerCase(c).steps
  if (call === undefined) throw new Error(`${op} has no step`)
  const model = modelOfCase(c)
  const loaded = await onnxWeb().load(model, fileCid(model))
  let checked = 0
  let differing = 0
  let example = ''
  for (let first = from; first < 2 ** 32; first += CHUNK * step) {
    const x = patterns(first, step)
    const [theirs] = await loaded.run([{ name: 'i0', ...f32([CHUNK], x) }])
    exports['utnet:gas'].value = 1n << 62n
    new Float32Array(exports.memory.buffer, place, CHUNK).set(x)
    new Int32Array(exports.memory.buffer, record, 2 + call.params.length).set([place, place + BYTES, ...call.params])
    const status = exports.kernel(call.kernel, record, 0, 1)
    if (status !== 0) throw new Error(`${op} stopped with status ${status}`)
    const ours: Tensor = {
      dtype: 'f32',
      shape: [CHUNK],
      data: new Uint8Array(exports.memory.buffer.slice(place + BYTES, place + BYTES + CHUNK * 4)),
    }
    canonicaliseNaNs(ours)
    checked += CHUNK
    if (Buffer.compare(ours.data, (theirs as Tensor).data) === 0) continue
    const a = new Uint32Array(ours.data.buffer)
    const b = new Uint32Array((theirs as Tensor).data.slice().buffer)
    a.forEach((word, i) => {
      if (word === b[i]) return
      differing += 1
      example ||= `${x[i]}: ${new Float32Array(a.buffer)[i]} against ${new Float32Array(b.buffer)[i]}`
    })
  }
  await loaded.close()
  return { checked, differing, example }
}
