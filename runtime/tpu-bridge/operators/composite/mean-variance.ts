import { UtnetError } from '../../../core/index.ts'
import { intsOf } from '../../graph/index.ts'
import { axesOf } from '../read.ts'
import { stridesOf } from '../layout/index.ts'
import type { LowerContext, Lowered } from '../lowering.ts'
import { Composition, ints } from './compose.ts'

/** MeanVarianceNormalization as onnxruntime has it: the axes last, less their mean, by the root of the mean of squares of that, without an epsilon. */
export function lowerMeanVariance(context: LowerContext): Lowered {
  const { node, opset } = context
  if (opset < 9) throw new UtnetError('operator_unsupported', `${node.op} before operator set 9`)
  const c = new Composition(context)
  const x = c.given(0)
  if (x.dtype !== 'f32') throw new UtnetError('operator_unsupported', `${node.op} of ${x.dtype}`)
  const rank = x.shape.length
  const last = axesOf(node, intsOf(node, 'axes') ?? [0, 2, 3], rank)
  if (last.length === 0) throw new UtnetError('operator_unsupported', `${node.op} along no axis`)
  const order = [...x.shape.keys()].sort((a, b) => Number(last.includes(a)) - Number(last.includes(b)) || a - b)
  const own = stridesOf(x.shape)
  const sides = order.map((axis) => x.shape[axis] as number)
  const turned = c.copied(
    x,
    sides,
    order.map((axis) => own[axis] as number),
  )
  const inner = { axes: ints(last.map((_, i) => rank - 1 - i)) }
  const less = c.op('Sub', [turned, c.op('ReduceMean', [turned], inner, 13)])
  const deviation = c.op('Sqrt', [c.op('ReduceMean', [c.op('Mul', [less, less])], inner, 13)])
  const back = stridesOf(sides)
  return c.finish([
    c.copied(
      c.op('Div', [less, deviation]),
      x.shape,
      x.shape.map((_, axis) => back[order.indexOf(axis)] as number),
    ),
  ])
}
