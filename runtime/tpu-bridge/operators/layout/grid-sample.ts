import type { LowerContext, Lowered } from '../lowering.ts'
import { input, output } from '../operands.ts'
import { flagOf, textOf } from '../../graph/index.ts'
import { countOf, invalid, misshapen, needed, unsupported } from '../read.ts'
import { productOf, SHARED_FROM } from './strided.ts'

const GRID_SAMPLE = 424

/** Names changed in operator set 20. */
const MODES: Readonly<Record<string, number>> = { nearest: 0, linear: 1, bilinear: 1, cubic: 2, bicubic: 2 }
const OUTSIDE: Readonly<Record<string, number>> = { zeros: 0, border: 1, reflection: 2 }

/** Of images (two axes) or volumes (three; no cubic one). */
export function lowerGridSample(context: LowerContext): Lowered {
  const { node } = context
  const [image, grid] = [needed(context, 0), needed(context, 1)]
  if (image.dtype !== 'f32' || grid.dtype !== 'f32') throw unsupported(node, `of ${image.dtype} by ${grid.dtype}`)
  const axes = image.shape.length - 2
  if ((axes !== 2 && axes !== 3) || grid.shape.length !== axes + 2 || grid.shape.at(-1) !== axes || grid.shape[0] !== image.shape[0])
    throw misshapen(node, `[${image.shape.join()}] by a grid of [${grid.shape.join()}]`)
  const mode = MODES[textOf(node, 'mode') ?? 'linear']
  const outside = OUTSIDE[textOf(node, 'padding_mode') ?? 'zeros']
  if (mode === undefined || outside === undefined) throw invalid(node, 'the mode is not known')
  if (mode === 2 && axes === 3) throw unsupported(node, 'cubic of volumes')
  const [images, channels] = image.shape as readonly number[] as readonly [number, number]
  const sides = grid.shape.slice(1, -1)
  const shape = [images, channels, ...sides]
  const n = countOf(node, shape)
  if (n > 0 && productOf(image.shape) === 0) throw misshapen(node, 'the input is empty')
  const inner = image.shape.slice(2)
  const params = [
    mode,
    outside,
    flagOf(node, 'align_corners') ? 1 : 0,
    images,
    channels,
    axes === 3 ? (inner[0] as number) : 0,
    inner.at(-2) as number,
    inner.at(-1) as number,
    productOf(sides),
  ]
  const steps = n === 0 ? [] : [{ kernel: GRID_SAMPLE, operands: [input(0), input(1), output(0)], params, shared: n * 4 >= SHARED_FROM }]
  return { outputs: [{ dtype: 'f32', shape }], temps: [], steps, cost: n * (mode === 2 ? 16 : mode === 1 ? 2 ** axes : 1) }
}
