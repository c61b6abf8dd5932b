/** Nodes that change nothing, and those whose result is a constant. */
import { type Dtype, type Tensor } from '../../../core/index.ts'
import type { Node } from '../graph.ts'
import { dtypeOfOnnx } from '../onnx-type.ts'
import { intOf } from '../attributes.ts'
import { is } from './is.ts'
import type { Draft } from './draft.ts'

/** Takes such nodes out; those that make an output of the graph stay, for its name. */
export function tidy(draft: Draft): void {
  for (const [node, place] of draft.places()) {
    const [output = '', ...more] = node.outputs
    if (draft.isOutput(output) || more.some((o) => o !== '')) continue
    const known = folded(draft, node)
    if (known !== undefined) {
      draft.remove(place)
      draft.setConstant(output, known)
      continue
    }
    const same = unchanged(draft, node)
    if (same === undefined) continue
    const takers = [...new Set(draft.takers(output))]
    // what a subgraph takes is named there too
    if (takers.some((t) => [...draft.at(t).attributes.values()].some((a) => a.kind === 'graph'))) continue
    draft.remove(place)
    for (const taker of takers) {
      const old = draft.at(taker)
      draft.replace(taker, { ...old, inputs: old.inputs.map((name) => (name === output ? same : name)) })
    }
  }
}

/** The input that the node hands on as it is. */
function unchanged(draft: Draft, node: Node): string | undefined {
  const [a = '', b = ''] = node.inputs
  if (is(node, 'Identity')) return a
  if (is(node, 'Dropout') && node.inputs.length === 1) return a
  // only a scalar: any other shape may change that of the result
  if (is(node, 'Mul') && isOne(draft, b)) return a
  if (is(node, 'Mul') && isOne(draft, a)) return b
  return is(node, 'Div') && isOne(draft, b) ? a : undefined
}

function isOne(draft: Draft, name: string): boolean {
  const found = draft.floats(name)
  return found !== undefined && found.shape.length === 0 && found.values[0] === 1
}

/** Casts of integer constants: what exporters leave of shapes. */
function folded(draft: Draft, node: Node): Tensor | undefined {
  const from = is(node, 'Cast') ? draft.constant(node.inputs[0] ?? '') : undefined
  const to = dtypeOfOnnx(intOf(node, 'to') ?? 0)
  if (from === undefined || to === undefined) return undefined
  const read = INTEGERS.get(from.dtype)
  const write = INTEGERS.get(to)
  if (read === undefined || write === undefined) return undefined
  const values = new read(new Uint8Array(from.data).buffer)
  const wide = Array.from(values, BigInt)
  const cast = to === 's64' ? BigInt64Array.from(wide) : Int32Array.from(wide, (v) => Number(BigInt.asIntN(32, v)))
  return { dtype: to, shape: from.shape, data: new Uint8Array(cast.buffer) }
}

const INTEGERS: ReadonlyMap<Dtype, typeof Int32Array | typeof BigInt64Array> = new Map<Dtype, typeof Int32Array | typeof BigInt64Array>([
  ['s32', Int32Array],
  ['s64', BigInt64Array],
])
