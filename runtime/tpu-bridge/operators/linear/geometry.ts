/** Windows over images: what convolutions and pools have in common (ONNX, Conv and the pools). */
import { UtnetError } from '../../../core/index.ts'
import type { Node } from '../../graph/index.ts'
import { intsOf, textOf } from '../../graph/index.ts'

export interface Geometry {
  /** One entry for each spatial side, one to three of them. */
  readonly image: readonly number[]
  readonly result: readonly number[]
  readonly window: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  /** In front. */
  readonly pads: readonly number[]
  readonly padsBehind: readonly number[]
}

const I32 = 2 ** 31 - 1

export function sidesOf(node: Node, name: string, rank: number, otherwise: number, least: number): readonly number[] {
  const given = intsOf(node, name)
  if (given === undefined || given.length === 0) return Array<number>(rank).fill(otherwise)
  if (given.length !== rank || given.some((v) => !Number.isInteger(v) || v < least || v > I32))
    throw new UtnetError('model_invalid', `${name} of ${node.op} is [${given.join()}] over ${rank} sides`)
  return given
}

/** Windows of `window` over `image`. `ceil`: the last window may begin inside the image (or the padding in front of it) and end outside (ceil_mode of pools). */
export function geometryOf(node: Node, image: readonly number[], window: readonly number[], ceil = false): Geometry {
  const rank = image.length
  if (rank < 1 || rank > 3) throw new UtnetError('operator_unsupported', `${node.op} over ${rank} sides`)
  if (window.length !== rank || window.some((v) => !Number.isInteger(v) || v < 1 || v > I32))
    throw new UtnetError('model_invalid', `the window of ${node.op} is [${window.join()}] over ${rank} sides`)
  const strides = sidesOf(node, 'strides', rank, 1, 1)
  const dilations = sidesOf(node, 'dilations', rank, 1, 1)
  const auto = textOf(node, 'auto_pad') ?? 'NOTSET'
  const given = sidesOf(node, 'pads', 2 * rank, 0, 0)
  const [pads, padsBehind, result] = [[], [], []] as [number[], number[], number[]]
  for (let i = 0; i < rank; i++) {
    const [size, stride] = [image[i] as number, strides[i] as number]
    const reach = ((window[i] as number) - 1) * (dilations[i] as number) + 1
    let [before, behind] = [given[i] as number, given[rank + i] as number]
    if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
      const needed = Math.max(0, (Math.ceil(size / stride) - 1) * stride + reach - size)
      before = auto === 'SAME_UPPER' ? needed >> 1 : (needed + 1) >> 1
      behind = needed - before
    } else if (auto === 'VALID') before = behind = 0
    else if (auto !== 'NOTSET') throw new UtnetError('model_invalid', `auto_pad of ${node.op} is ${auto}`)
    const steps = (size + before + behind - reach) / stride
    let count = Math.floor(steps) + 1
    if (ceil && auto === 'NOTSET') {
      count = Math.ceil(steps) + 1
      // a window that would begin behind image and padding in front does not count
      if ((count - 1) * stride >= size + before) count--
    }
    if (size > I32 || reach > I32 || before > I32 || behind > I32 || steps < 0)
      throw new UtnetError('tensor_shape', `the window of ${node.op} reaches over ${reach} of ${size + before + behind} places`)
    pads.push(before)
    padsBehind.push(behind)
    result.push(count)
  }
  return { image, result, window, strides, dilations, pads, padsBehind }
}

/** As kernels take it: 18 words, three of each, sides of 1 in front where there are fewer. */
export function geometryParams({ image, result, window, strides, dilations, pads }: Geometry): readonly number[] {
  const three = (v: readonly number[], fill: number): readonly number[] => [...Array<number>(3 - v.length).fill(fill), ...v]
  return [...three(image, 1), ...three(result, 1), ...three(window, 1), ...three(strides, 1), ...three(dilations, 1), ...three(pads, 0)]
}
