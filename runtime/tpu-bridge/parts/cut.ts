/** A box out of a tensor. */
import { DTYPES, type Box, type Tensor } from '../../core/index.ts'

/** The elements of a box that lies within the tensor, as a tensor of its own. */
export function cutTensor({ dtype, shape, data }: Tensor, box: Box): Tensor {
  const sides = box.map(([from, to]) => to - from)
  const count = sides.reduce((n, side) => n * side, 1)
  const size = DTYPES[dtype]
  // a scalar is one row of one element
  const row = sides.length === 0 ? 1 : (sides.at(-1) as number)
  const out = new Uint8Array(count * size)
  for (let done = 0; done < count; done += row) {
    let place = 0
    let rest = done
    let step = 1
    for (let axis = sides.length - 1; axis >= 0; axis--) {
      place += ((rest % (sides[axis] as number)) + (box[axis] as readonly [number, number])[0]) * step
      rest = Math.floor(rest / (sides[axis] as number))
      step *= shape[axis] as number
    }
    out.set(data.subarray(place * size, (place + row) * size), done * size)
  }
  return { dtype, shape: sides, data: out }
}
