/** Losses by the function bodies of the standard (ONNX, NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss), which onnxruntime runs too. */
import { UtnetError } from '../../../core/index.ts'
import type { LowerContext, Lowered } from '../lowering.ts'
import { Composition, int, type Part } from './compose.ts'

const TO_S64 = 7

function reductionOf({ node }: LowerContext): string {
  const found = node.attributes.get('reduction')
  const reduction = found === undefined ? 'mean' : found.value
  if (reduction !== 'none' && reduction !== 'mean' && reduction !== 'sum')
    throw new UtnetError('model_invalid', `${node.op}: there is no such reduction`)
  return reduction
}

/** x: [N, C, d...], log probabilities; target: [N, d...]. */
function negativeLogLikelihood(c: Composition, context: LowerContext, x: Part, target: Part, weight: Part | undefined): Part {
  const { node } = context
  const reduction = reductionOf(context)
  const ignored = node.attributes.get('ignore_index')
  if (ignored !== undefined && ignored.kind !== 'int') throw new UtnetError('model_invalid', `${node.op}: ignore_index is no integer`)
  if (x.dtype !== 'f32') throw new UtnetError('operator_unsupported', `${node.op} of ${x.dtype}`)
  const [batch, ...inner] = target.shape
  if (x.shape.length < 2 || [x.shape[0], ...x.shape.slice(2)].join() !== target.shape.join())
    throw new UtnetError('tensor_shape', `${node.op} of [${x.shape.join()}] and [${target.shape.join()}]`)
  const column = [batch as number, 1, ...inner]
  const expanded = c.reshaped(target, column)
  const all = (op: string, part: Part): Part => c.op(op, [part], { keepdims: int(0) })
  const weighted = (unweighted: Part, weights: Part): Part => {
    const products = c.op('Mul', [unweighted, weights])
    if (reduction === 'none') return products
    const sum = all('ReduceSum', products)
    return reduction === 'sum' ? sum : c.op('Div', [sum, all('ReduceSum', weights)])
  }
  if (ignored === undefined) {
    const loss = c.reshaped(c.op('Neg', [c.op('GatherElements', [x, expanded], { axis: int(1) })]), target.shape)
    if (weight !== undefined) return weighted(loss, c.op('Gather', [weight, target]))
    return reduction === 'none' ? loss : all(reduction === 'sum' ? 'ReduceSum' : 'ReduceMean', loss)
  }
  const mask = c.op('Equal', [c.op('Cast', [expanded], { to: int(TO_S64) }), c.long(ignored.value)])
  const targets = c.op('Where', [mask, c.op('Sub', [expanded, expanded]), expanded])
  const gathered = c.op('Where', [mask, c.float(0), c.op('GatherElements', [x, targets], { axis: int(1) })])
  const loss = c.reshaped(c.op('Neg', [gathered]), target.shape)
  const weights =
    weight === undefined
      ? c.op('Where', [c.reshaped(mask, target.shape), c.float(0), c.float(1)])
      : c.reshaped(c.op('Where', [mask, c.float(0), c.op('Gather', [weight, targets])]), target.shape)
  return weighted(loss, weights)
}

export function lowerNegativeLogLikelihood(context: LowerContext): Lowered {
  const c = new Composition(context)
  return c.finish([negativeLogLikelihood(c, context, c.given(0), c.given(1), c.optional(2))])
}

export function lowerSoftmaxCrossEntropy(context: LowerContext): Lowered {
  const c = new Composition(context)
  const x = c.given(0)
  if (x.shape.length < 2) throw new UtnetError('tensor_shape', `${context.node.op} of [${x.shape.join()}]`)
  const logarithms = c.op('LogSoftmax', [x], { axis: int(1) })
  const loss = negativeLogLikelihood(c, context, logarithms, c.given(1), c.optional(2))
  return c.finish(context.node.outputs.length > 1 ? [loss, logarithms] : [loss])
}
