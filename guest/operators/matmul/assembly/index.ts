import { Dtype, Tensor } from '@utnet/sdk/tensor'
import { fail } from '@utnet/sdk/operator'

/** f32 [m, k] times f32 [k, n]. Every sum runs over k in ascending order, so that the bits are the same everywhere. */
export function run(inputs: Array<Tensor>): Array<Tensor> {
  if (inputs.length != 2) return fail('matmul takes two tensors, got ' + inputs.length.toString())
  const a = inputs[0]
  const b = inputs[1]
  if (!a.isValid || !b.isValid) return fail('the data of a tensor is not as long as its shape says')
  if (a.dtype != Dtype.f32 || b.dtype != Dtype.f32) return fail('matmul takes f32')
  if (a.shape.length != 2 || b.shape.length != 2) return fail('matmul takes tensors of rank 2')
  if (a.shape[1] != b.shape[0]) return fail('the inner sides differ: ' + a.shape[1].toString() + ' and ' + b.shape[0].toString())
  const shape: Array<u32> = [a.shape[0], b.shape[1]]
  const c = Tensor.zeros(Dtype.f32, shape)
  multiply(a.f32, b.f32, c.f32, a.shape[0], a.shape[1], b.shape[1])
  return [c]
}

/** Row by row: c[i, :] += a[i, k] * b[k, :]. Four columns at once change no sum's order. */
function multiply(a: Float32Array, b: Float32Array, c: Float32Array, m: u32, k: u32, n: u32): void {
  const wide = n & ~3
  for (let i: u32 = 0; i < m; i++) {
    const row = c.dataStart + i * n * 4
    for (let x: u32 = 0; x < k; x++) {
      const scale = load<f32>(a.dataStart + (i * k + x) * 4)
      const scales = f32x4.splat(scale)
      const line = b.dataStart + x * n * 4
      let j: u32 = 0
      for (; j < wide; j += 4) {
        const at = row + j * 4
        v128.store(at, f32x4.add(v128.load(at), f32x4.mul(scales, v128.load(line + j * 4))))
      }
      for (; j < n; j++) {
        const at = row + j * 4
        store<f32>(at, load<f32>(at) + scale * load<f32>(line + j * 4))
      }
    }
  }
}
