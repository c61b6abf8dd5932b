/** Windows folded back to images, and grids for GridSample. */
import { LIMITS } from '../../../core/index.ts'
import type { LowerContext, Lowered } from '../lowering.ts'
import { floatBits, input, output } from '../operands.ts'
import { flagOf, intsOf } from '../../graph/index.ts'
import { countOf, integers, invalid, misshapen, needed, tables, unsupported } from '../read.ts'
import { productOf, SHARED_FROM } from './strided.ts'

const COL_TO_IM = 425
const AFFINE_GRID = 426

export function lowerCol2Im(context: LowerContext): Lowered {
  const { node } = context
  const given = needed(context, 0)
  const image = integers(needed(context, 1))
  const window = integers(needed(context, 2))
  if (given.dtype !== 'f32') throw unsupported(node, `of ${given.dtype}`)
  const rank = image.length
  const listOf = (name: string, otherwise: number, length = rank): readonly number[] => {
    const found = intsOf(node, name) ?? Array.from({ length }, () => otherwise)
    if (found.length !== length) throw invalid(node, `${name} of [${found.join()}]`)
    return found
  }
  const dilations = listOf('dilations', 1)
  const strides = listOf('strides', 1)
  const pads = listOf('pads', 0, 2 * rank)
  if (window.length !== rank || [...image, ...window, ...dilations, ...strides].some((n) => n < 1 || n > LIMITS.tensorElements))
    throw invalid(node, 'a side, dilation or stride is below 1 or without sense')
  // onnxruntime does not do there what the standard says
  if (rank !== 2 && dilations.some((n) => n !== 1)) throw unsupported(node, 'dilated windows of other than two axes')
  const places = image.map((side, d) => {
    const around = side + (pads[d] as number) + (pads[rank + d] as number)
    return Math.floor((around - (dilations[d] as number) * ((window[d] as number) - 1) - 1) / (strides[d] as number)) + 1
  })
  const [batch, rows, columns] = given.shape
  if (
    given.shape.length !== 3 ||
    batch === undefined ||
    rows === undefined ||
    columns !== productOf(places) ||
    rows % productOf(window) !== 0
  )
    throw misshapen(node, `[${given.shape.join()}] to [${image.join()}] by windows of [${window.join()}]`)
  const shape = [batch, rows / productOf(window), ...image]
  const n = countOf(node, shape)
  const cost = n * productOf(window)
  const params = [
    batch * (rows / productOf(window)),
    rank,
    ...image,
    ...window,
    ...places,
    ...dilations,
    ...pads.slice(0, rank),
    ...strides,
  ]
  const steps = n === 0 ? [] : [{ kernel: COL_TO_IM, operands: [input(0), output(0)], params, shared: cost >= SHARED_FROM }]
  return { outputs: [{ dtype: 'f32', shape }], temps: [], steps, cost }
}

/** Places from -1 to 1: of the corners, or of the middles of elements. */
function regular(side: number, aligned: boolean): readonly number[] {
  const f = Math.fround
  const step = f(2 / (side - 1))
  return Array.from({ length: side }, (_, i) => {
    const place = i === side - 1 ? 1 : f(-1 + f(i * step))
    return aligned ? place : f(f(place * (side - 1)) / side)
  })
}

export function lowerAffineGrid(context: LowerContext): Lowered {
  const { node } = context
  const maps = needed(context, 0)
  const size = integers(needed(context, 1))
  if (maps.dtype !== 'f32') throw unsupported(node, `of ${maps.dtype}`)
  const axes = size.length - 2
  if ((axes !== 2 && axes !== 3) || size.some((side) => side < 1) || maps.shape.join() !== [size[0], axes, axes + 1].join())
    throw misshapen(node, `maps of [${maps.shape.join()}] for [${size.join()}]`)
  const sides = size.slice(2)
  const shape = [size[0] as number, ...sides, axes]
  const n = countOf(node, shape)
  const aligned = flagOf(node, 'align_corners')
  const inner = [...sides].reverse()
  tables(
    node,
    [],
    sides.reduce((all, side) => all + side, 2 + axes),
  )
  const params = [size[0] as number, axes, ...inner, ...inner.flatMap((side) => regular(side, aligned).map(floatBits))]
  const steps = [{ kernel: AFFINE_GRID, operands: [input(0), output(0)], params, shared: n * axes >= SHARED_FROM }]
  return { outputs: [{ dtype: 'f32', shape }], temps: [], steps, cost: n * axes }
}
