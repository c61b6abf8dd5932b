/** Operators of ONNX that are products of integers, as matrices: MatMulInteger, and ConvInteger as im2col. */
import { elementCount, type NodeFacts, type Tensor } from '../core/index.ts'
import type { IntegerProduct } from './freivalds.ts'

const bytesOf = ({ dtype, data }: Tensor): ArrayLike<number> | undefined =>
  dtype === 'u8' ? data : dtype === 's8' ? new Int8Array(data.buffer, data.byteOffset, data.length) : undefined

const wordsOf = ({ dtype, data }: Tensor): Int32Array | undefined =>
  dtype === 's32' ? new Int32Array(new Uint8Array(data).buffer) : undefined

/** Values without their zero point: one for all, or one for each of `n` (row or column), which `which` tells from the place. */
function centred(values: ArrayLike<number>, zero: Tensor | undefined, which: (at: number) => number, n: number): Int16Array | undefined {
  const zeros = zero === undefined ? undefined : bytesOf(zero)
  if ((zero !== undefined && zeros === undefined) || (zeros !== undefined && zeros.length !== 1 && zeros.length !== n)) return undefined
  return Int16Array.from(
    { length: values.length },
    (_, at) => (values[at] as number) - (zeros === undefined ? 0 : (zeros[zeros.length === 1 ? 0 : which(at)] as number)),
  )
}

/** The products that an operator's output is made of; undefined for operators and forms that are none of these. Operands in their places, constants too. */
export function integerProducts(
  { operator, attributes }: NodeFacts,
  operands: readonly (Tensor | undefined)[],
  output: Tensor,
): IntegerProduct[] | undefined {
  const [a, b, zeroA, zeroB] = operands
  if (a === undefined || b === undefined) return undefined
  if (operator === 'MatMulInteger') return matMul(a, b, zeroA, zeroB, output)
  return operator === 'ConvInteger' ? conv(attributes, a, b, zeroA, zeroB, output) : undefined
}

function matMul(a: Tensor, b: Tensor, zeroA: Tensor | undefined, zeroB: Tensor | undefined, output: Tensor): IntegerProduct[] | undefined {
  const [x, y, c] = [bytesOf(a), bytesOf(b), wordsOf(output)]
  if (x === undefined || y === undefined || c === undefined || a.shape.length < 2 || b.shape.length < 2) return undefined
  const [m, k] = a.shape.slice(-2) as [number, number]
  const n = b.shape.at(-1) as number
  const own = centred(x, zeroA, (at) => Math.floor(at / k) % m, m)
  const other = centred(y, zeroB, (at) => at % n, n)
  if (own === undefined || other === undefined) return undefined
  const batch = output.shape.slice(0, -2)
  const matrices = elementCount(batch, 'batch')
  return Array.from({ length: matrices }, (_, i) => ({
    m,
    k,
    n,
    a: own.subarray(matrixOf(i, batch, a.shape) * m * k).subarray(0, m * k),
    b: other.subarray(matrixOf(i, batch, b.shape) * k * n).subarray(0, k * n),
    c: c.subarray(i * m * n, (i + 1) * m * n),
  }))
}

/** Which of an operand's matrices belongs to matrix `i` of the output: its axes stand at the right, a side of 1 is taken by all. */
function matrixOf(i: number, batch: readonly number[], shape: readonly number[]): number {
  const own = shape.slice(0, -2)
  let place = 0
  let step = 1
  for (let axis = batch.length - 1, rest = i; axis >= 0; axis--) {
    const here = rest % (batch[axis] as number)
    rest = Math.floor(rest / (batch[axis] as number))
    const side = own[axis - batch.length + own.length] ?? 1
    if (side !== 1) place += here * step
    step *= side
  }
  return place
}

const listOf = (attributes: NodeFacts['attributes'], name: string, otherwise: readonly number[]): readonly number[] => {
  const value = attributes.get(name)
  return Array.isArray(value) && value.length > 0 ? (value as readonly number[]) : otherwise
}

/** Padding is the zero point, so nothing once that is taken off. Two spatial sides, explicit padding. */
function conv(
  attributes: NodeFacts['attributes'],
  x: Tensor,
  w: Tensor,
  zeroX: Tensor | undefined,
  zeroW: Tensor | undefined,
  output: Tensor,
): IntegerProduct[] | undefined {
  const [image, filter, c] = [bytesOf(x), bytesOf(w), wordsOf(output)]
  const auto = attributes.get('auto_pad') ?? 'NOTSET'
  if (image === undefined || filter === undefined || c === undefined || x.shape.length !== 4 || auto !== 'NOTSET') return undefined
  const groups = (attributes.get('group') ?? 1) as number
  const [images, , height, width] = x.shape as [number, number, number, number]
  const [all, channels, high, wide] = w.shape as [number, number, number, number]
  const [, , rows, columns] = output.shape as [number, number, number, number]
  const [strideY, strideX] = listOf(attributes, 'strides', [1, 1]) as [number, number]
  const [dilateY, dilateX] = listOf(attributes, 'dilations', [1, 1]) as [number, number]
  const [top, left] = listOf(attributes, 'pads', [0, 0, 0, 0]) as [number, number]
  const values = centred(image, zeroX, () => 0, 1)
  const filters = centred(filter, zeroW, (at) => Math.floor(at / (channels * high * wide)), all)
  if (values === undefined || filters === undefined) return undefined
  const each = all / groups
  const k = channels * high * wide
  const n = rows * columns
  return Array.from({ length: images * groups }, (_, i) => {
    const [at, group] = [Math.floor(i / groups), i % groups]
    const b = new Int16Array(k * n)
    for (let channel = 0, row = 0; channel < channels; channel++)
      for (let dy = 0; dy < high; dy++)
        for (let dx = 0; dx < wide; dx++, row++)
          for (let oy = 0; oy < rows; oy++) {
            const iy = oy * strideY - top + dy * dilateY
            if (iy < 0 || iy >= height) continue
            const from = ((at * groups * channels + group * channels + channel) * height + iy) * width
            for (let ox = 0; ox < columns; ox++) {
              const ix = ox * strideX - left + dx * dilateX
              if (ix >= 0 && ix < width) b[row * n + oy * columns + ox] = values[from + ix] as number
            }
          }
    return {
      m: each,
      k,
      n,
      a: filters.subarray(group * each * k, (group + 1) * each * k),
      b,
      c: c.subarray((at * all + group * each) * n, (at * all + (group + 1) * each) * n),
    }
  })
}
