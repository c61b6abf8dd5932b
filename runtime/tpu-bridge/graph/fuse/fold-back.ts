/** What multiplies and adds constants behind a product with constant weights goes into its weights and bias. */
import type { Node } from '../graph.ts'
import { affineOf, compose, isFinite64, perChannel, type Affine } from './affine.ts'
import { floatOf, intOf } from '../attributes.ts'
import { is } from './is.ts'
import type { Draft } from './draft.ts'

/** How outputs of a product lie in its weights. */
interface Product {
  /** Rank of its output. */
  readonly rank: number
  readonly channels: number
  /** The output channel of each element of the weights. */
  readonly channelOf: (element: number) => number
}

/** Folds into every Conv, ConvTranspose and Gemm what follows it and nothing else takes. */
export function foldBack(draft: Draft): void {
  for (const [node, place] of draft.places()) {
    const [, w = '', b = ''] = node.inputs
    const weights = draft.floats(w)
    const product = weights && productOf(node, weights.shape)
    if (weights === undefined || product === undefined) continue
    const bias =
      b === ''
        ? new Float64Array(product.channels)
        : perChannel(draft, b, is(node, 'Gemm') ? 2 : 1, product.channels, is(node, 'Gemm') ? 1 : 0)
    if (bias === undefined) continue
    let total: Affine | undefined
    let output = node.outputs[0] as string
    for (;;) {
      const next = draft.onlyTaker(output)
      if (next === undefined) break
      const affine = affineOf(draft, draft.at(next), output, product.rank, product.channels)
      const both = affine && (total === undefined ? affine : compose(total, affine))
      if (both === undefined || !isFinite64(both)) break
      total = both
      output = draft.at(next).outputs[0] as string
      draft.remove(next)
    }
    if (total === undefined) continue
    const { scale, shift } = total
    const folded = weights.values.map((v, i) => v * (scale[product.channelOf(i)] as number))
    const moved = Float32Array.from(bias, (v, c) => v * (scale[c] as number) + (shift[c] as number))
    draft.replace(place, {
      ...node,
      inputs: [
        node.inputs[0] as string,
        draft.addFloats(w, weights.shape, folded),
        draft.addFloats(b === '' ? `${w}.bias` : b, [product.channels], moved),
      ],
      outputs: [output],
    })
  }
}

function productOf(node: Node, shape: readonly number[]): Product | undefined {
  const rest = shape.slice(1).reduce((n, side) => n * side, 1)
  if (is(node, 'Conv')) return { rank: shape.length, channels: shape[0] as number, channelOf: (i) => Math.floor(i / rest) }
  if (is(node, 'ConvTranspose')) {
    // weights are [in, out / group, ...]
    const group = intOf(node, 'group') ?? 1
    const perGroup = shape[1] as number
    const window = rest / perGroup
    const inPerGroup = (shape[0] as number) / group
    return {
      rank: shape.length,
      channels: perGroup * group,
      channelOf: (i) => Math.floor(Math.floor(i / rest) / inPerGroup) * perGroup + (Math.floor(i / window) % perGroup),
    }
  }
  if (!is(node, 'Gemm') || (floatOf(node, 'beta') ?? 1) !== 1) return undefined
  const transposed = (intOf(node, 'transB') ?? 0) !== 0
  const columns = shape[transposed ? 0 : 1] as number
  return { rank: 2, channels: columns, channelOf: (i) => (transposed ? Math.floor(i / rest) : i % columns) }
}
