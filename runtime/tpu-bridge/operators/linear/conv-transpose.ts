/** ConvTranspose of f32: filters times the image, then what the windows give summed up (onnxruntime 1.30, conv_transpose.cc). */
import { elementCount, UtnetError } from '../../../core/index.ts'
import type { LowerContext, Lowered, LowerInput } from '../lowering.ts'
import { floatBits, input, output, temp } from '../operands.ts'
import { intOf, intsOf, textOf } from '../../graph/index.ts'
import { gemmBlock, TRANSPOSED_BLOCK } from './blocks.ts'
import { biasOf } from './conv.ts'
import { finishParams } from './finish.ts'
import { geometryParams, sidesOf, type Geometry } from './geometry.ts'
import { f32Inputs, MATMUL, packedBytes, packStep, SHARED_COST, TRANSPOSE } from './matmul.ts'

const COLLECT = 112

const product = (sides: readonly number[]): number => sides.reduce((n, d) => n * d, 1)

/** The convolution that is transposed: its image is our output. */
function transposedGeometry({ node }: LowerContext, from: readonly number[], window: readonly number[]): Geometry {
  const rank = from.length
  if (rank < 1 || rank > 3) throw new UtnetError('operator_unsupported', `ConvTranspose over ${rank} sides`)
  const strides = sidesOf(node, 'strides', rank, 1, 1)
  const dilations = sidesOf(node, 'dilations', rank, 1, 1)
  const more = sidesOf(node, 'output_padding', rank, 0, 0)
  const wanted = intsOf(node, 'output_shape')
  const auto = textOf(node, 'auto_pad') ?? 'NOTSET'
  const given = sidesOf(node, 'pads', 2 * rank, 0, 0)
  if (!['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'].includes(auto))
    throw new UtnetError('model_invalid', `auto_pad of ConvTranspose is ${auto}`)
  const asked = wanted === undefined || wanted.length === 0 ? undefined : wanted.slice(-rank)
  if (asked !== undefined && (asked.length !== rank || asked.some((v) => !Number.isInteger(v) || v < 1)))
    throw new UtnetError('model_invalid', `output_shape of ConvTranspose is [${asked.join()}]`)
  const [pads, padsBehind, image] = [[], [], []] as [number[], number[], number[]]
  for (let i = 0; i < rank; i++) {
    const stride = strides[i] as number
    const reach = ((window[i] as number) - 1) * (dilations[i] as number) + 1
    const whole = ((from[i] as number) - 1) * stride + (more[i] as number) + reach
    let [before, behind] = auto === 'NOTSET' ? [given[i] as number, given[rank + i] as number] : [0, 0]
    let size = whole - before - behind
    if (asked !== undefined || auto.startsWith('SAME')) {
      size = asked?.[i] ?? (from[i] as number) * stride
      const over = Math.max(0, whole - size)
      before = auto === 'SAME_UPPER' ? over >> 1 : (over + 1) >> 1
      behind = over - before
    }
    if (size < 1) throw new UtnetError('tensor_shape', `ConvTranspose leaves ${size} places of a side`)
    pads.push(before)
    padsBehind.push(behind)
    image.push(size)
  }
  return { image, result: from, window, strides, dilations, pads, padsBehind }
}

export function lowerConvTranspose(context: LowerContext): Lowered {
  const { node } = context
  const [x, w] = f32Inputs(context, 2) as [LowerInput, LowerInput]
  const groups = intOf(node, 'group') ?? 1
  const [images, all] = x.shape as [number, number]
  const [rows, filters] = w.shape as [number, number]
  const window = w.shape.slice(2)
  const said = intsOf(node, 'kernel_shape')
  if (
    x.shape.length < 3 ||
    w.shape.length !== x.shape.length ||
    rows !== all ||
    groups < 1 ||
    all % groups !== 0 ||
    (said !== undefined && said.join() !== window.join())
  )
    throw new UtnetError('tensor_shape', `ConvTranspose of [${x.shape.join()}] with filters [${w.shape.join()}]`)
  const geometry = transposedGeometry(context, x.shape.slice(2), window)
  const shape = [images, filters * groups, ...geometry.image]
  const bias = biasOf(context, { groups, filters })
  const outputs = [{ dtype: 'f32', shape }] as const
  const k = all / groups
  const m = filters * product(window)
  const n = product(geometry.result)
  const cost = images * groups * m * n * k
  if (elementCount(shape, 'output of ConvTranspose') === 0 || k === 0)
    throw new UtnetError('operator_unsupported', 'ConvTranspose of nothing')
  // onnxruntime turns constant filters around beforehand; others it multiplies as they lie
  const block = w.constant && m > 1 && k > 1 ? gemmBlock(n, k) : TRANSPOSED_BLOCK
  const matrices = images * groups
  const products = elementCount([matrices, m, n], 'products of ConvTranspose')
  return {
    outputs,
    temps: [4 * groups * m * k, matrices * packedBytes(k, n), 4 * products],
    steps: [
      { kernel: TRANSPOSE, operands: [input(1), temp(0)], params: [groups, k, m], shared: false, once: w.constant },
      packStep(input(0), 1, matrices, k, n, false, x.constant),
      {
        kernel: MATMUL,
        operands: [temp(0), temp(1), temp(2)],
        params: [m, k, n, block, floatBits(1), 0, 2, images, 0, groups, groups, 1, 1],
        shared: cost > SHARED_COST,
      },
      {
        kernel: COLLECT,
        operands: [temp(2), output(0), bias],
        params: [...finishParams(undefined), ...geometryParams(geometry), matrices * filters, groups * filters],
        shared: products > SHARED_COST,
      },
    ],
    cost,
  }
}
