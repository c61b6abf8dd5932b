/** Conv of f32 over one to three sides. */
import { elementCount, UtnetError } from '../../../core/index.ts'
import type { LowerContext, Lowered, LowerInput, Operand } from '../lowering.ts'
import { input, output, temp } from '../operands.ts'
import { intOf, intsOf } from '../../graph/index.ts'
import { gemmBlock } from './blocks.ts'
import { finishParams, type Finish } from './finish.ts'
import { geometryOf, geometryParams, type Geometry } from './geometry.ts'
import { f32Inputs, SHARED_COST } from './matmul.ts'

const CONV = 110
const DEPTHWISE = 111

/** How many shares a step may be divided into where columns are packed into scratch memory: each needs a piece of it. */
const SHARES = 8
/** Bytes of packed columns that a share works on at once, at most: they stay in the second cache. */
const STRETCH = 512 * 1024

interface ConvShape {
  readonly images: number
  readonly groups: number
  /** Of one group. */
  readonly channels: number
  /** Of one group. */
  readonly filters: number
  readonly geometry: Geometry
  /** Multiply-adds. */
  readonly cost: number
  readonly shape: readonly number[]
}

const product = (sides: readonly number[]): number => sides.reduce((n, d) => n * d, 1)

/** Throws `tensor_shape` where x and w do not fit. */
export function convShape({ node }: LowerContext, x: readonly number[], w: readonly number[]): ConvShape {
  const wrong = (): UtnetError => new UtnetError('tensor_shape', `${node.op} of [${x.join()}] with filters [${w.join()}]`)
  if (x.length < 3 || w.length !== x.length) throw wrong()
  const groups = intOf(node, 'group') ?? 1
  const window = w.slice(2)
  const said = intsOf(node, 'kernel_shape')
  const [images, all] = x as [number, number]
  const [every, channels] = w as [number, number]
  if (groups < 1 || all !== channels * groups || every % groups !== 0 || (said !== undefined && said.join() !== window.join()))
    throw wrong()
  const geometry = geometryOf(node, x.slice(2), window)
  const shape = [images, every, ...geometry.result]
  return {
    images,
    groups,
    channels,
    filters: every / groups,
    geometry,
    shape,
    cost: elementCount(shape, `output of ${node.op}`) * channels * product(window),
  }
}

/**
 * Whether MLAS multiplies the image as it lies (onnxruntime 1.30, MlasConvPrepare), and then whether transposed: windows that go from pixel to pixel with nothing around, of
 * one pixel, or over one channel as wide as the image, or as high and one pixel wide.
 */
function direct({ channels, geometry: { image, window, strides, dilations, pads, padsBehind } }: ConvShape): 'no' | 'plain' | 'transposed' {
  if (strides.some((s) => s !== 1) || [...pads, ...padsBehind].some((v) => v !== 0)) return 'no'
  if (window.every((v) => v === 1)) return 'plain'
  if (image.length > 2 || dilations.some((d) => d !== 1) || channels !== 1) return 'no'
  const [height, width] = image.length === 1 ? [1, ...image] : image
  const [high, wide] = window.length === 1 ? [1, ...window] : window
  if (wide === width) return 'transposed'
  return high === height && wide === 1 ? 'plain' : 'no'
}

/** Bytes of packed columns for all shares. */
const stretches = (k: number, n: number): number =>
  32 * k * Math.max(SHARES, Math.min(2 * Math.floor(STRETCH / (32 * k)), Math.ceil(n / 8)))

/** Bytes of a plane with its padding, and of where the taps of the window lie in it (`depthwise.ts` of the guest). */
function paddedPlane({ result, window, strides, dilations }: Geometry, k: number): number {
  const [height, width] = [result.length > 1 ? (result[0] as number) : 1, result.at(-1) as number]
  const reach = (i: number): number => (i < -window.length ? 0 : ((window.at(i) as number) - 1) * (dilations.at(i) as number))
  const pitch = 4 * (width + Math.floor(reach(-1) / (strides.at(-1) as number)) + 8)
  const rows = (height - 1) * (strides.length > 1 ? (strides[0] as number) : 1) + reach(-2) + 1
  return 4 * k + 32 + rows * pitch * (strides.at(-1) as number)
}

/** Lowers to one step over `shape`; `sum`: to what the output holds already. */
export function lowerConvStep(conv: ConvShape, finish: Finish, sum: boolean): Lowered {
  const { images, groups, channels, filters, geometry, shape, cost } = conv
  const outputs = [{ dtype: 'f32', shape }] as const
  if (product(shape) === 0) return { outputs, temps: [], steps: [], cost }
  if (channels === 0) throw new UtnetError('operator_unsupported', 'a convolution over no channels')
  const n = product(geometry.result)
  const k = channels * product(geometry.window)
  const way = direct(conv)
  // one filter is a vector, which MLAS multiplies in another order; its stretches of k count where the image does not lie ready
  const alone = filters === 1 && way !== 'transposed' && !(way === 'no' && filters > n)
  const block = alone && way === 'plain' ? k : gemmBlock(n, k)
  const own = alone && channels === 1 && geometry.image.length <= 2 && !sum
  const common = [images, groups, channels, filters, block, alone ? 1 : 0, sum ? 1 : 0]
  const scratch = 16 * SHARES + (own ? paddedPlane(geometry, k) * SHARES : stretches(k, n))
  return {
    outputs,
    temps: [scratch],
    steps: [
      {
        kernel: own ? DEPTHWISE : CONV,
        operands: [input(0), input(1), output(0), temp(0), finish.bias],
        params: [...finishParams(finish.activation), ...geometryParams(geometry), ...common, scratch],
        shared: cost > SHARED_COST,
      },
    ],
    cost,
  }
}

export function lowerConv(context: LowerContext): Lowered {
  const [x, w] = f32Inputs(context, 2) as [LowerInput, LowerInput]
  const conv = convShape(context, x.shape, w.shape)
  const bias = biasOf(context, conv)
  return lowerConvStep(conv, { bias }, false)
}

/** The third input, one value a filter; null where it is left out. */
export function biasOf({ node, inputs }: LowerContext, { groups, filters }: Pick<ConvShape, 'groups' | 'filters'>): Operand {
  const bias = inputs[2]
  if (bias === undefined) return null
  if (bias.dtype !== 'f32' || bias.shape.join() !== String(groups * filters))
    throw new UtnetError('tensor_shape', `the bias of ${node.op} is ${bias.dtype}[${bias.shape.join()}] for ${groups * filters} filters`)
  return input(2)
}
