/** Whether a result is what the reference gives, by the tolerance of the suite's own runner. */
import type { Tensor } from '../../runtime/core/index.ts'

const RELATIVE = 1e-3
const ABSOLUTE = 1e-7

/** The first difference in words; undefined where there is none. Integers and booleans must be equal. */
export function wrong(ours: Tensor | undefined, reference: Tensor): string | undefined {
  if (ours === undefined) return 'there is no such output'
  if (ours.dtype !== reference.dtype || ours.shape.join() !== reference.shape.join())
    return `${ours.dtype}[${ours.shape.join()}] against ${reference.dtype}[${reference.shape.join()}]`
  if (ours.dtype !== 'f32' && ours.dtype !== 'f64') {
    const at = ours.data.findIndex((b, i) => b !== reference.data[i])
    return at < 0 ? undefined : `byte ${at} differs`
  }
  const [a, b] = [floatsOf(ours), floatsOf(reference)]
  for (const [i, y] of b.entries()) {
    const x = a[i] as number
    if (Object.is(x, y) || x === y || (Number.isNaN(x) && Number.isNaN(y))) continue
    if (!(Math.abs(x - y) <= ABSOLUTE + RELATIVE * Math.abs(y))) return `element ${i} is ${x}, not ${y}`
  }
  return undefined
}

const floatsOf = ({ dtype, data }: Tensor): Float32Array | Float64Array => {
  const { buffer } = data.slice()
  return dtype === 'f32' ? new Float32Array(buffer) : new Float64Array(buffer)
}
