/** MaxPool, AveragePool and the pools over whole planes, of f32. */
import { elementCount, UtnetError } from '../../../core/index.ts'
import type { LowerContext, Lowered, LowerInput } from '../lowering.ts'
import { input, output } from '../operands.ts'
import { intOf, intsOf } from '../../graph/index.ts'
import { geometryOf, geometryParams, type Geometry } from './geometry.ts'
import { f32Inputs } from './matmul.ts'

const POOL = 120
const GLOBAL_POOL = 121

type Kind = 'max' | 'average'

const NUMBERS: Readonly<Record<Kind, number>> = { max: 0, average: 1 }
const SHARED_VALUES = 200_000

const product = (sides: readonly number[]): number => sides.reduce((n, d) => n * d, 1)

function image({ node }: LowerContext, { shape }: LowerInput): readonly number[] {
  if (shape.length < 3) throw new UtnetError('tensor_shape', `${node.op} of [${shape.join()}]`)
  return shape.slice(2)
}

function globally(kind: Kind, shape: readonly number[], out: readonly number[]): Lowered {
  const planes = product(shape.slice(0, 2))
  const values = product(shape.slice(2))
  return {
    outputs: [{ dtype: 'f32', shape: out }],
    temps: [],
    steps:
      planes === 0
        ? []
        : [
            {
              kernel: GLOBAL_POOL,
              operands: [input(0), output(0)],
              params: [planes, values, NUMBERS[kind]],
              shared: planes * values > SHARED_VALUES,
            },
          ],
    cost: planes * values,
  }
}

const lowerGlobal =
  (kind: Kind) =>
  (context: LowerContext): Lowered => {
    const [x] = f32Inputs(context, 1) as [LowerInput]
    const sides = image(context, x)
    if (sides.length > 3 || sides.includes(0)) throw new UtnetError('operator_unsupported', `${context.node.op} of [${x.shape.join()}]`)
    return globally(kind, x.shape, [...x.shape.slice(0, 2), ...sides.map(() => 1)])
  }

export const lowerGlobalAveragePool = lowerGlobal('average')
export const lowerGlobalMaxPool = lowerGlobal('max')

/** MLAS keeps one row of the image with its padding in a buffer of that many values. */
const ROW = 2048 - 64

/**
 * Which loops onnxruntime takes (MlasPool): over whole planes; columns of the window first, where steps along a row are one or two and windows small; else one by one.
 */
function way({ image, window, strides, pads, padsBehind }: Geometry): 'plane' | 'columns' | 'values' {
  if (window.every((v, i) => v === image[i] && strides[i] === 1 && pads[i] === 0 && padsBehind[i] === 0)) return 'plane'
  const small = image.length > 1 && (strides.at(-1) as number) <= 2 && window.every((v) => v <= 32)
  return small && ROW - (pads.at(-1) as number) - (padsBehind.at(-1) as number) >= (image.at(-1) as number) ? 'columns' : 'values'
}

function lowerPool(kind: Kind, context: LowerContext): Lowered {
  const { node, opset, wanted } = context
  const [x] = f32Inputs(context, 1) as [LowerInput]
  const sides = image(context, x)
  const window = intsOf(node, 'kernel_shape')
  if (window === undefined) throw new UtnetError('model_invalid', `${node.op} has no kernel_shape`)
  const ceil = (intOf(node, 'ceil_mode') ?? 0) !== 0
  const geometry = geometryOf(node, sides, window, ceil)
  if (geometry.pads.some((v, i) => v >= (window[i] as number)))
    throw new UtnetError('model_invalid', `${node.op} has windows that lie in the padding alone`)
  const shape = [...x.shape.slice(0, 2), ...geometry.result]
  const dilated = geometry.dilations.some((d) => d !== 1)
  const indices = node.outputs.length > 1 && wanted[1] !== undefined && node.outputs[1] !== ''
  const include = (intOf(node, 'count_include_pad') ?? 0) !== 0
  // with indices, dilations, or for averages since operator set 19 (and where padding counts and windows may end outside), onnxruntime has loops of its own
  const own = kind === 'max' ? indices || dilated : opset >= 19 || (include && ceil)
  if (dilated && kind === 'average' && opset < 19) throw new UtnetError('model_invalid', 'AveragePool has dilations since operator set 19')
  const taken = own ? 'values' : way(geometry)
  if (taken === 'plane') return globally(kind, x.shape, shape)
  const count = kind === 'max' || !include ? 0 : own ? 2 : 1
  const order = taken === 'columns' ? (sides.length === 2 ? 1 : 2) : own && kind === 'max' ? 3 : 0
  const behind = [...Array<number>(3 - sides.length).fill(0), ...geometry.padsBehind]
  const planes = product(x.shape.slice(0, 2))
  const cost = elementCount(shape, `output of ${node.op}`) * product(window)
  const params = [...geometryParams(geometry), ...behind, planes, NUMBERS[kind], order, count, intOf(node, 'storage_order') ?? 0]
  return {
    outputs: [{ dtype: 'f32', shape }, ...(indices ? [{ dtype: 's64', shape } as const] : [])],
    temps: [],
    steps:
      cost === 0
        ? []
        : [{ kernel: POOL, operands: [input(0), output(0), indices ? output(1) : null], params, shared: cost > SHARED_VALUES }],
    cost,
  }
}

export const lowerMaxPool = (context: LowerContext): Lowered => lowerPool('max', context)
export const lowerAveragePool = (context: LowerContext): Lowered => lowerPool('average', context)
