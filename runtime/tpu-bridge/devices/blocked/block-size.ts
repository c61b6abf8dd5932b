/** How many channels the processor's blocked convolutions take at once: found out by trying, since the runtime does not say. */
import type { InferenceSession } from 'onnxruntime-web'
import type { Tensor, TensorSpec } from '../../../core/index.ts'
import { writeModel } from '../../graph/index.ts'
import { openSession, runSession, type Ort, type Turn } from '../ort-runtime.ts'
import { blockedModel } from './blocked-model.ts'

/** MLAS has blocks of 16 where vectors are of 512 bits, else of 8. */
const SIZES = [16, 8] as const
const FILTERS = 16
const f32 = (shape: readonly number[], values: readonly number[]): Tensor => ({
  dtype: 'f32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
})

/** The size with which a small convolution comes out right; undefined where there are no such convolutions. */
export async function blockSize(ort: Ort, turn: Turn, options: InferenceSession.SessionOptions): Promise<number | undefined> {
  for (const size of SIZES) if (await holds(ort, turn, options, size)) return size
  return undefined
}

/** Two channels and one pixel, of which only the second channel is not 0: each filter gives its second weight. */
async function holds(ort: Ort, turn: Turn, options: InferenceSession.SessionOptions, size: number): Promise<boolean> {
  const weights = Array.from({ length: 2 * FILTERS }, (_, i) => i + 1)
  const input: TensorSpec = { name: 'x', dtype: 'f32', shape: [1, 2, 1, 1] }
  const graph = {
    inputs: [input],
    outputs: [{ name: 'y' }],
    constants: new Map([['w', f32([FILTERS, 2, 1, 1], weights)]]),
    nodes: [{ name: '', op: 'Conv', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes: new Map() }],
  }
  try {
    const model = blockedModel({ opsets: new Map([['', 13]]), graph }, size, [])
    const session = await openSession(ort, turn, writeModel(model), options)
    try {
      const [y] = await runSession(ort, turn, session, [{ ...input, ...f32(input.shape, [0, 1]) }], ['y'])
      const found = y === undefined ? [] : [...new Float32Array(y.data.buffer, y.data.byteOffset, y.data.length / 4)]
      return found.length === FILTERS && found.every((value, filter) => value === weights[2 * filter + 1])
    } finally {
      await turn(() => session.release())
    }
  } catch {
    return false
  }
}
