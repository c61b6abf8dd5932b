/** QLinearMatMul: the product before it is scaled down is checked by Freivalds, the scaling down cell by cell. */
import type { Tensor } from '../core/index.ts'
import { checkProduct } from './freivalds.ts'
import { integerProducts } from './integer-products.ts'

const floats = ({ data }: Tensor): Float32Array => new Float32Array(new Uint8Array(data).buffer)

/** To the nearest integer, halves to the even one. */
function roundEven(value: number): number {
  const low = Math.floor(value)
  const rest = value - low
  if (rest !== 0.5) return rest < 0.5 ? low : low + 1
  return low % 2 === 0 ? low : low + 1
}

/**
 * Whether an output of QLinearMatMul follows from its operands, given the sums that the prover shows (s32, of the output's shape): these are checked as a product (2^-64), and
 * each output must be the sum times `a_scale * b_scale / y_scale` (in f32, that order), cut to the range, rounded to even, plus the zero point: what ONNX Runtime does. `seed` must
 * be drawn from all of it, the sums too. Undefined for forms that this does not cover.
 */
export function checkQuantisedProduct(
  operands: readonly (Tensor | undefined)[],
  sums: Tensor,
  output: Tensor,
  seed: Uint8Array,
): boolean | undefined {
  const [a, scaleA, zeroA, b, scaleB, zeroB, scaleY, zeroY] = operands
  if (!a || !scaleA || !zeroA || !b || !scaleB || !zeroB || !scaleY || !zeroY) return undefined
  if (
    (output.dtype !== 'u8' && output.dtype !== 's8') ||
    sums.dtype !== 's32' ||
    sums.data.length !== 4 * output.data.length ||
    zeroY.data.length !== 1
  )
    return undefined
  const [sa, sb, sy] = [floats(scaleA), floats(scaleB), floats(scaleY)]
  const n = output.shape.at(-1) as number
  if (sa.length !== 1 || sy.length !== 1 || (sb.length !== 1 && sb.length !== n)) return undefined
  const facts = { operator: 'MatMulInteger', attributes: new Map(), constants: [] }
  const products = integerProducts(facts, [a, b, zeroA, zeroB], { ...sums, shape: output.shape })
  if (products === undefined) return undefined
  if (!products.every((product) => checkProduct(product, seed))) return false
  const signed = output.dtype === 's8'
  const [least, most] = signed ? [-128, 127] : [0, 255]
  const values = signed ? new Int8Array(output.data.buffer, output.data.byteOffset, output.data.length) : output.data
  const zero = signed ? ((zeroY.data[0] as number) << 24) >> 24 : (zeroY.data[0] as number)
  const scales = Float32Array.from(sb, (s) => Math.fround(Math.fround((sa[0] as number) * s) / (sy[0] as number)))
  const words = new Int32Array(new Uint8Array(sums.data).buffer)
  return words.every((sum, i) => {
    const scaled = Math.fround(Math.fround(sum) * (scales[scales.length === 1 ? 0 : i % n] as number))
    return roundEven(Math.min(Math.max(scaled, least - zero), most - zero)) + zero === values[i]
  })
}
