/** Attention (ONNX, since operator set 23) in the steps that onnxruntime takes: scores with the mask as what the product is added to, softcap, softmax, values. */
import { elementCount, UtnetError } from '../../../core/index.ts'
import { floatOf, flagOf, intOf } from '../../graph/index.ts'
import { broadcastStrides } from '../layout/index.ts'
import { gemmBlock, MATMUL, packedBytes, SHARED_COST, VECTOR } from '../linear/index.ts'
import type { LowerContext, Lowered } from '../lowering.ts'
import { floatBits } from '../operands.ts'
import { Composition, int, ints, type Part } from './compose.ts'

const PACK = 100
const UNARY_F32 = 210
/** The tangent of a C library, not that of the operator Tanh. */
const TANH_ALONE = 50
const LOWEST = -3.4028234663852886e38

/** What the standard numbers for `qk_matmul_output_mode`. */
const SCORES = 0
const AFTER_SOFTCAP = 1
const AFTER_MASK = 2
const AFTER_SOFTMAX = 3

interface Sides {
  readonly batch: number
  readonly heads: number
  readonly ofKeys: number
  readonly queries: number
  readonly size: number
  readonly valueSize: number
  readonly past: number
  readonly total: number
}

/** [batch, heads, places, values] of [batch, places, heads * values] by strides; of four sides as it is. */
function byHeads(c: Composition, part: Part, heads: number): Part {
  if (part.shape.length === 4) return part
  const [batch, places, all] = part.shape as readonly [number, number, number]
  const size = all / heads
  return c.copied(part, [batch, heads, places, size], [places * all, size, all, 1])
}

/** Dimensions of the batch as the kernels of products take them, the outermost first: the batch, heads of keys, heads that share them. */
const batchOf = ({ batch, heads, ofKeys }: Sides): readonly number[] => {
  const group = heads / ofKeys
  return [3, batch, heads, ofKeys, ofKeys, group, 1, group, 1, 0]
}

/** One product for each head. `addTo`: what it is added to, in place. */
function productStep(
  c: Composition,
  sides: Sides,
  [left, right]: readonly [Part, Part],
  [m, k, n]: readonly [number, number, number],
  { transposed, alpha, addTo }: { readonly transposed: boolean; readonly alpha: number; readonly addTo?: Part },
): Part {
  const { batch, heads, ofKeys } = sides
  const out = addTo ?? c.room({ dtype: 'f32', shape: [batch, heads, m, n] })
  const cost = batch * heads * m * k * n
  const shared = cost > SHARED_COST
  if (m === 1 && !transposed && alpha === 1) {
    c.run({ kernel: VECTOR, operands: [left.operand, right.operand, out.operand], params: [k, n, 0, ...batchOf(sides)], shared }, cost)
    return out
  }
  const matrices = batch * ofKeys
  const packed = c.room({ dtype: 'u8', shape: [matrices * packedBytes(k, n)] })
  c.run({
    kernel: PACK,
    operands: [right.operand, packed.operand],
    params: [matrices, k, n, transposed ? 1 : 0],
    shared: matrices * k * n > SHARED_COST,
  })
  const params = [m, k, n, gemmBlock(n, k), floatBits(alpha), addTo === undefined ? 0 : 1, ...batchOf(sides)]
  c.run({ kernel: MATMUL, operands: [left.operand, packed.operand, out.operand], params, shared }, cost)
  return out
}

/** What is added to the scores; undefined where there is nothing. [queries, total], [heads, queries, total] or [batch, heads, queries, total], sides of 1 for all. */
function maskOf(c: Composition, { node }: LowerContext, sides: Sides, lengths: Part | undefined): Part | undefined {
  const { queries, total, past } = sides
  const given = c.optional(3)
  const rank = given?.shape.length ?? 2
  if (given !== undefined && given.shape.at(-2) === queries && (given.shape.at(-1) as number) < total)
    throw new UtnetError('operator_unsupported', `${node.op}: a mask of fewer keys than there are`)
  if (
    given !== undefined &&
    (rank < 2 ||
      rank > 4 ||
      given.shape.slice(-2).join() !== [queries, total].join() ||
      ![1, sides.heads].includes(given.shape.at(-3) ?? 1) ||
      ![1, sides.batch].includes(given.shape.at(-4) ?? 1))
  )
    throw new UtnetError('tensor_shape', `${node.op}: a mask [${given.shape.join()}] for ${queries} queries of ${total} keys`)
  if (given !== undefined && given.dtype !== 'f32' && given.dtype !== 'boolean')
    throw new UtnetError('operator_unsupported', `${node.op}: a mask of ${given.dtype}`)
  const numbers = given?.dtype === 'boolean' ? c.op('Where', [given, c.float(0), c.float(LOWEST)]) : given
  // one query behind keys of before sees all of them
  if (!flagOf(node, 'is_causal') || (queries === 1 && past > 0)) return numbers
  if (lengths !== undefined) {
    // the last query stands at the last key that its batch has
    const places = c.op('CumSum', [c.long(1, [queries, 1]), c.long(0)])
    const ends = c.op('Add', [c.op('Add', [places, c.long(-queries)]), c.reshaped(lengths, [sides.batch, 1, 1, 1])])
    return c.op('Where', [c.op('Less', [upTo(c, total), ends]), numbers ?? c.float(0), c.float(LOWEST)])
  }
  const all = c.full('boolean', [queries, total], Uint8Array.of(1))
  const later = c.op('Trilu', [all, c.long(past + 1)], { upper: int(1) })
  return c.op('Where', [later, c.float(LOWEST), numbers ?? c.float(0)])
}

/** 0, 1, 2 ... */
const upTo = (c: Composition, count: number): Part => c.op('CumSum', [c.long(1, [count]), c.long(0)], { exclusive: int(1) })

/** Keys from the length of a batch on are out of sight. */
function withinLengths(c: Composition, scores: Part, lengths: Part, { batch, total }: Sides): Part {
  const seen = c.op('Less', [upTo(c, total), c.reshaped(lengths, [batch, 1, 1, 1])])
  return c.op('Where', [seen, scores, c.float(LOWEST)])
}

/** Softmax along keys; a query that sees none of them gets zeros. */
function ofSeen(c: Composition, scores: Part): Part {
  const weights = c.op('Softmax', [scores], { axis: int(-1) })
  const most = c.op('ReduceMax', [scores], { axes: ints([scores.shape.length - 1]) }, 13)
  return c.op('Where', [c.op('LessOrEqual', [most, c.float(LOWEST)]), c.float(0), weights])
}

function softcapped(c: Composition, scores: Part, cap: number): Part {
  const divided = c.op('Div', [scores, c.float(cap)])
  const n = elementCount(scores.shape, 'scores of Attention')
  const tangents = c.room(scores)
  c.run({ kernel: UNARY_F32, operands: [divided.operand, tangents.operand], params: [TANH_ALONE, n, 0, 0], shared: false }, n * 8)
  return c.op('Mul', [tangents, c.float(cap)])
}

function sidesOf(
  { node }: LowerContext,
  [q, k, v]: readonly [Part, Part, Part],
  past: Part | undefined,
  pastValue: Part | undefined,
): Sides {
  const wrong = (): UtnetError =>
    new UtnetError('tensor_shape', `${node.op} of ${[q, k, v, past, pastValue].map((p) => `[${p?.shape.join() ?? ''}]`).join(' ')}`)
  const rank = q.shape.length
  if ((rank !== 3 && rank !== 4) || k.shape.length !== rank || v.shape.length !== rank) throw wrong()
  const together = rank === 3
  const heads = intOf(node, 'q_num_heads') ?? (together ? 0 : (q.shape[1] as number))
  const ofKeys = intOf(node, 'kv_num_heads') ?? (together ? 0 : (k.shape[1] as number))
  if (!(heads > 0) || !(ofKeys > 0) || heads % ofKeys !== 0) throw wrong()
  const [batch, queries, keys] = [q.shape[0], q.shape.at(-2), k.shape.at(-2)] as [number, number, number]
  const of = (part: Part, count: number): number => (part.shape.at(-1) as number) / (together ? count : 1)
  const [size, valueSize] = [of(q, heads), of(v, ofKeys)]
  const before = past?.shape[2] ?? 0
  const shape = (count: number, places: number, values: number): string =>
    (together ? [batch, places, count * values] : [batch, count, places, values]).join()
  const fits = [q, k, v].every((p) => p.shape.every((side) => side > 0)) && Number.isInteger(size) && Number.isInteger(valueSize)
  if (!fits || q.shape.join() !== shape(heads, queries, size)) throw wrong()
  if (k.shape.join() !== shape(ofKeys, keys, size) || v.shape.join() !== shape(ofKeys, keys, valueSize)) throw wrong()
  if ((past === undefined) !== (pastValue === undefined)) throw wrong()
  if (past !== undefined && past.shape.join() !== [batch, ofKeys, before, size].join()) throw wrong()
  if (pastValue !== undefined && pastValue.shape.join() !== [batch, ofKeys, before, valueSize].join()) throw wrong()
  return { batch, heads, ofKeys, queries, size, valueSize, past: before, total: before + keys }
}

export function lowerAttention(context: LowerContext): Lowered {
  const { node } = context
  const c = new Composition(context)
  const [q, k, v] = [c.given(0), c.given(1), c.given(2)]
  const [past, pastValue, lengths] = [c.optional(4), c.optional(5), c.optional(6)]
  for (const part of [q, k, v, past, pastValue])
    if (part !== undefined && part.dtype !== 'f32') throw new UtnetError('operator_unsupported', `${node.op} of ${part.dtype}`)
  const sides = sidesOf(context, [q, k, v], past, pastValue)
  const { batch, heads, ofKeys, queries, size, valueSize, total } = sides
  if (lengths !== undefined && (lengths.dtype !== 's64' || lengths.shape.join() !== String(batch) || past !== undefined))
    throw new UtnetError('tensor_shape', `${node.op}: lengths of keys [${lengths.shape.join()}]`)
  const withPast = (before: Part | undefined, part: Part): Part => {
    const now = byHeads(c, part, ofKeys)
    return before === undefined ? now : c.op('Concat', [before, now], { axis: int(2) })
  }
  const [keys, values] = [withPast(past, k), withPast(pastValue, v)]
  const cap = floatOf(node, 'softcap') ?? 0
  const wanted = node.outputs[3] === undefined || node.outputs[3] === '' ? undefined : (intOf(node, 'qk_matmul_output_mode') ?? 0)
  const mask = maskOf(c, context, sides, lengths)
  const scale = Math.fround(floatOf(node, 'scale') ?? 1 / Math.sqrt(size))
  const folded = mask !== undefined && !(cap > 0) && wanted !== SCORES && wanted !== AFTER_SOFTCAP
  const shape = [batch, heads, queries, total]
  const scoresShape = { transposed: true, alpha: scale }
  const operands = [byHeads(c, q, heads), keys] as const
  const spread = (part: Part): Part => c.copied(part, shape, broadcastStrides(part.shape, shape))
  const raw = productStep(c, sides, operands, [queries, size, total], folded ? { ...scoresShape, addTo: spread(mask) } : scoresShape)
  const capped = cap > 0 ? softcapped(c, raw, cap) : raw
  const masked = mask === undefined || folded ? capped : c.op('Add', [capped, mask])
  const seen = lengths === undefined ? masked : withinLengths(c, masked, lengths, sides)
  const weights = ofSeen(c, seen)
  const made = productStep(c, sides, [weights, values], [queries, total, valueSize], { transposed: false, alpha: 1 })
  const result =
    q.shape.length === 4
      ? made
      : c.reshaped(c.copied(made, [batch, queries, heads, valueSize], [heads * queries * valueSize, valueSize, queries * valueSize, 1]), [
          batch,
          queries,
          heads * valueSize,
        ])
  const shown = wanted === SCORES ? raw : wanted === AFTER_SOFTCAP ? capped : wanted === AFTER_MASK ? seen : weights
  if (wanted !== undefined && (wanted < SCORES || wanted > AFTER_SOFTMAX))
    throw new UtnetError('model_invalid', `${node.op}: mode ${wanted}`)
  return c.finish([result, keys, values, shown].slice(0, Math.max(1, node.outputs.length)))
}
