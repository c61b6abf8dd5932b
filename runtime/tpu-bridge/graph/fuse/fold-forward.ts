/**
 * What multiplies and adds constants in front of convolutions goes into their weights and biases. Where a convolution pads, only the factor can: padding is zero, whatever is
 * added to the rest. Then the addition stays, in front of the factor.
 */
import { affineInput, affineOf, compose, isFinite64, type Affine } from './affine.ts'
import { intOf, intsOf, textOf } from '../attributes.ts'
import { is } from './is.ts'
import type { Draft } from './draft.ts'

interface Taker {
  readonly place: number
  /** Channels of its input. */
  readonly channels: number
  readonly rank: number
  readonly pads: boolean
}

export function foldForward(draft: Draft): void {
  for (const [last, place] of draft.places()) {
    const value = last.outputs[0] ?? ''
    const takers = convolutions(draft, value)
    const [first] = takers ?? []
    if (takers === undefined || first === undefined) continue
    const chain: number[] = []
    let total: Affine = { scale: new Float64Array(first.channels).fill(1), shift: new Float64Array(first.channels) }
    let input = value
    for (let at: number | undefined = place; at !== undefined;) {
      const node = draft.at(at)
      const x = affineInput(draft, node)
      const affine = x === undefined ? undefined : affineOf(draft, node, x, first.rank, first.channels)
      const both = affine && compose(affine, total)
      if (x === undefined || both === undefined || !isFinite64(both) || both.scale.includes(0)) break
      chain.push(at)
      total = both
      input = x
      const before = draft.maker(x)
      at = before !== undefined && draft.onlyTaker(x) === at ? before : undefined
    }
    if (chain.length === 0) continue
    const padded = takers.some((t) => t.pads)
    const before = padded ? total.shift.map((t, c) => t / (total.scale[c] as number)) : undefined
    const kept = before?.some((t) => t !== 0) === true
    if (kept && chain.length === 1 && total.scale.every((s) => s === 1)) continue
    for (const at of chain) if (at !== place) draft.remove(at)
    if (kept) {
      const shift = Float32Array.from(before as Float64Array)
      const same = shift.every((t) => t === shift[0])
      const shape = same ? [] : [first.channels, ...Array.from({ length: first.rank - 2 }, () => 1)]
      const name = draft.addFloats(`${value}.shift`, shape, same ? shift.slice(0, 1) : shift)
      draft.replace(place, { ...last, op: 'Add', domain: '', inputs: [input, name], outputs: [value], attributes: new Map() })
    } else draft.remove(place)
    const factor: Affine = kept ? { scale: total.scale, shift: new Float64Array(first.channels) } : total
    for (const taker of takers) foldInto(draft, taker.place, kept ? value : input, factor)
  }
}

/** The convolutions with constant weights that take the value, if nothing else does and all see it alike. */
function convolutions(draft: Draft, value: string): readonly Taker[] | undefined {
  const takers: Taker[] = []
  for (const place of draft.takers(value)) {
    const node = draft.at(place)
    const [x, w = '', b = '', ...more] = node.inputs
    const weights = draft.floats(w)
    if (!is(node, 'Conv') || x !== value || weights === undefined || weights.shape.length < 3 || more.length > 0) return undefined
    if (w === value || (b !== '' && draft.floats(b) === undefined)) return undefined
    const pad = textOf(node, 'auto_pad') ?? 'NOTSET'
    const pads = pad === 'NOTSET' ? (intsOf(node, 'pads') ?? []).some((p) => p !== 0) : pad !== 'VALID'
    takers.push({ place, channels: (weights.shape[1] as number) * (intOf(node, 'group') ?? 1), rank: weights.shape.length, pads })
  }
  const [first] = takers
  return first !== undefined && takers.every((t) => t.channels === first.channels && t.rank === first.rank) ? takers : undefined
}

/** Weights take the factor of their input channel; the bias the sums of weights times what was added, in the order of the weights. */
function foldInto(draft: Draft, place: number, input: string, { scale, shift }: Affine): void {
  const node = draft.at(place)
  const [, w = '', b = ''] = node.inputs
  const weights = draft.floats(w) as { readonly shape: readonly number[]; readonly values: Float32Array }
  const [outputs, perGroup] = weights.shape as readonly [number, number]
  const window = weights.shape.slice(2).reduce((n, side) => n * side, 1)
  const outPerGroup = outputs / (intOf(node, 'group') ?? 1)
  const bias = Float64Array.from(b === '' ? new Float32Array(outputs) : (draft.floats(b)?.values as Float32Array))
  const folded = new Float32Array(weights.values.length)
  weights.values.forEach((v, i) => {
    const out = Math.floor(i / (perGroup * window))
    const channel = Math.floor(out / outPerGroup) * perGroup + (Math.floor(i / window) % perGroup)
    folded[i] = v * (scale[channel] as number)
    bias[out] = (bias[out] as number) + v * (shift[channel] as number)
  })
  const moved = shift.some((t) => t !== 0)
  const inputs = [input, draft.addFloats(w, weights.shape, folded)]
  if (moved) inputs.push(draft.addFloats(b === '' ? `${w}.bias` : b, [outputs], Float32Array.from(bias)))
  else if (b !== '') inputs.push(b)
  draft.replace(place, { ...node, inputs })
}
