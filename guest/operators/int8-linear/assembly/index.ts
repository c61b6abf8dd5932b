import { Dtype, Tensor } from '@utnet/sdk/tensor'
import { fail } from '@utnet/sdk/operator'

/** Greatest inner side: sums of that many products of two int8 fit in 32 bits. */
const INNER_MAX: u32 = 131072

/**
 * `ai.utnet::Int8Linear(x, weight, x_scale, weight_scale, bias)`: f32 [.., k], s8 [n, k], f32 [] and f32 [n] twice (the bias may be left out) give f32 [.., n].
 * x / x_scale is rounded half to even and held within -127 to 127, NaN as 0; the products are summed as integers, so in any order; the sum as f32
 * times (x_scale * weight_scale), plus the bias: the bits of the same steps in PyTorch.
 */
export function run(inputs: Array<Tensor>): Array<Tensor> {
  if (inputs.length != 4 && inputs.length != 5)
    return fail('int8-linear takes x, weight, x_scale, weight_scale and perhaps bias, got ' + inputs.length.toString() + ' tensors')
  for (let i = 0; i < inputs.length; i++) {
    if (!inputs[i].isValid) return fail('the data of a tensor is not as long as its shape says')
    if (inputs[i].dtype != (i == 1 ? Dtype.s8 : Dtype.f32)) return fail('int8-linear takes f32, and weights in s8')
  }
  const x = inputs[0]
  const weight = inputs[1]
  if (x.shape.length == 0) return fail('x has no inner side')
  if (weight.shape.length != 2) return fail('weight is of rank 2, got ' + weight.shape.length.toString())
  const k = x.shape[x.shape.length - 1]
  const n = weight.shape[0]
  if (weight.shape[1] != k) return fail('the inner sides differ: ' + k.toString() + ' and ' + weight.shape[1].toString())
  if (k > INNER_MAX) return fail('the inner side is ' + k.toString() + ', at most ' + INNER_MAX.toString() + ' fit')
  if (inputs[2].size != 1) return fail('x_scale is one number')
  for (let i = 3; i < inputs.length; i++) {
    if (inputs[i].shape.length != 1 || inputs[i].shape[0] != n) return fail('weight_scale and bias are as long as weight has rows')
  }
  let rows: u32 = 1
  for (let i = 0; i < x.shape.length - 1; i++) rows *= x.shape[i]
  const shape = x.shape.slice(0)
  shape[shape.length - 1] = n
  const y = Tensor.zeros(Dtype.f32, shape)
  const bias = inputs.length == 5 ? inputs[4].f32 : new Float32Array(n)
  const q = new Int16Array((k + 7) & ~7)
  for (let i: u32 = 0; i < rows && n > 0; i++) {
    quantise(x.f32.dataStart + <usize>i * k * 4, k, inputs[2].f32[0], q)
    row(q, weight.data.dataStart, k, n, inputs[2].f32[0], inputs[3].f32, bias, y.f32.dataStart + <usize>i * n * 4)
  }
  return [y]
}

/** One row of x as integers. What lies behind k in `q` stays 0. */
function quantise(x: usize, k: u32, scale: f32, q: Int16Array): void {
  const scales = f32x4.splat(scale)
  const wide = k & ~3
  let i: u32 = 0
  for (; i < wide; i += 4) {
    const v = f32x4.nearest(f32x4.div(v128.load(x + <usize>i * 4), scales))
    const held = f32x4.min(f32x4.max(v, f32x4.splat(-127)), f32x4.splat(127))
    // a NaN becomes 0
    const whole = i32x4.trunc_sat_f32x4_s(held)
    v128.store64_lane(q.dataStart + <usize>i * 2, i16x8.narrow_i32x4_s(whole, whole), 0)
  }
  for (; i < k; i++) {
    const v = nearest<f32>(load<f32>(x + <usize>i * 4) / scale)
    store<i16>(q.dataStart + <usize>i * 2, <i16>(isNaN(v) ? 0 : <i32>min<f32>(max<f32>(v, -127), 127)))
  }
}

/** The products of one row with every row of weights. */
function row(q: Int16Array, weight: usize, k: u32, n: u32, xScale: f32, weightScale: Float32Array, bias: Float32Array, y: usize): void {
  const wide = k & ~7
  for (let j: u32 = 0; j < n; j++) {
    const line = weight + <usize>j * k
    let sums = i32x4.splat(0)
    let i: u32 = 0
    for (; i < wide; i += 8) sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.load(q.dataStart + <usize>i * 2), v128.load8x8_s(line + i)))
    let sum = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3)
    for (; i < k; i++) sum += <i32>load<i16>(q.dataStart + <usize>i * 2) * <i32>load<i8>(line + i)
    store<f32>(y + <usize>j * 4, <f32>sum * (xScale * unchecked(weightScale[j])) + unchecked(bias[j]))
  }
}
