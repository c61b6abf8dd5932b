import { UtnetError } from '../../../core/index.ts'
import { intOf, flagOf } from '../../graph/index.ts'
import { stridesOf } from '../layout/index.ts'
import type { LowerContext, Lowered } from '../lowering.ts'
import { Composition, int, type Part } from './compose.ts'

/** RotaryEmbedding (ONNX, since operator set 23): pairs of values turned by an angle that the place has. [batch, heads, places, values], or [batch, places, heads * values]. */
export function lowerRotaryEmbedding(context: LowerContext): Lowered {
  const { node } = context
  const c = new Composition(context)
  const [x, cosines, sines, ids] = [c.given(0), c.given(1), c.given(2), c.optional(3)]
  const wrong = (): UtnetError =>
    new UtnetError('tensor_shape', `${node.op} of ${[x, cosines, sines, ids].map((p) => `[${p?.shape.join() ?? ''}]`).join(' ')}`)
  if ([x, cosines, sines].some((part) => part.dtype !== 'f32')) throw new UtnetError('operator_unsupported', `${node.op} of ${x.dtype}`)
  const together = x.shape.length === 3
  const heads = together ? (intOf(node, 'num_heads') ?? 0) : (x.shape[1] ?? 0)
  if ((!together && x.shape.length !== 4) || !(heads > 0) || (together && (x.shape[2] as number) % heads !== 0)) throw wrong()
  const sides = together ? [x.shape[0] as number, x.shape[1] as number, heads, (x.shape[2] as number) / heads] : x.shape
  const [batch, places] = [sides[0] as number, sides[together ? 1 : 2] as number]
  const size = sides[3] as number
  const turned = (intOf(node, 'rotary_embedding_dim') ?? 0) || size
  if (turned < 0 || turned > size || turned % 2 !== 0) throw wrong()
  const half = turned / 2
  /** Along the places of x, one row for all heads. */
  const cache = (part: Part): Part => {
    const rows = ids === undefined ? part : c.op('Gather', [part, ids])
    if (rows.shape.join() !== [batch, places, half].join()) throw wrong()
    return c.reshaped(rows, together ? [batch, places, 1, half] : [batch, 1, places, half])
  }
  const [cos, sin] = [cache(cosines), cache(sines)]
  const own = stridesOf(sides)
  const interleaved = flagOf(node, 'interleaved')
  const piece = (offset: number, length: number, step: number): Part =>
    c.copied(c.reshaped(x, sides), [...sides.slice(0, 3), length], [...own.slice(0, 3), step], offset)
  const [first, second] = interleaved ? [piece(0, half, 2), piece(1, half, 2)] : [piece(0, half, 1), piece(half, half, 1)]
  const real = c.op('Sub', [c.op('Mul', [first, cos]), c.op('Mul', [second, sin])])
  const imaginary = c.op('Add', [c.op('Mul', [second, cos]), c.op('Mul', [first, sin])])
  const front = sides.slice(0, 3)
  const pairs = [real, imaginary].map((part) => c.reshaped(part, interleaved ? [...front, half, 1] : [...front, 1, half]))
  const result = c.reshaped(c.op('Concat', pairs, { axis: int(interleaved ? 4 : 3) }), [...front, turned])
  const whole = turned === size ? result : c.op('Concat', [result, piece(turned, size - turned, 1)], { axis: int(3) })
  return c.finish([c.reshaped(whole, x.shape)])
}
