import { Dtype, Tensor } from '@utnet/sdk/tensor'
import { fail } from '@utnet/sdk/operator'

/**
 * `ai.utnet::Poly(x, coefficients)`: f32 of any shape and f32 [n], n > 0, give c0 + x (c1 + x (c2 + ...)), from the last coefficient inwards,
 * each product and each sum rounded: the bits of the same loop in PyTorch.
 */
export function run(inputs: Array<Tensor>): Array<Tensor> {
  if (inputs.length != 2) return fail('poly takes x and coefficients, got ' + inputs.length.toString() + ' tensors')
  const x = inputs[0]
  const coefficients = inputs[1]
  if (!x.isValid || !coefficients.isValid) return fail('the data of a tensor is not as long as its shape says')
  if (x.dtype != Dtype.f32 || coefficients.dtype != Dtype.f32) return fail('poly takes f32')
  if (coefficients.shape.length != 1) return fail('coefficients is of rank 1, got ' + coefficients.shape.length.toString())
  if (coefficients.size == 0) return fail('poly takes at least one coefficient')
  const y = Tensor.like(x)
  evaluate(x.f32, coefficients.f32, y.f32)
  return [y]
}

function evaluate(x: Float32Array, c: Float32Array, y: Float32Array): void {
  const last = c.length - 1
  const wide = x.length & ~3
  let i = 0
  for (; i < wide; i += 4) {
    const at = v128.load(x.dataStart + ((<usize>i) << 2))
    let sum = f32x4.splat(unchecked(c[last]))
    for (let j = last - 1; j >= 0; j--) sum = f32x4.add(f32x4.mul(sum, at), f32x4.splat(unchecked(c[j])))
    v128.store(y.dataStart + ((<usize>i) << 2), sum)
  }
  for (; i < x.length; i++) {
    const at = unchecked(x[i])
    let sum = unchecked(c[last])
    for (let j = last - 1; j >= 0; j--) sum = sum * at + unchecked(c[j])
    unchecked((y[i] = sum))
  }
}
