import { Dtype, Tensor } from '@utnet/sdk/tensor'
import { fail } from '@utnet/sdk/operator'

/** Adds two f32 tensors of one shape, element by element. */
export function run(inputs: Array<Tensor>): Array<Tensor> {
  if (inputs.length != 2) return fail('takes two tensors, got ' + inputs.length.toString())
  const a = inputs[0]
  const b = inputs[1]
  if (!a.isValid || !b.isValid) return fail('the data of a tensor is not as long as its shape says')
  if (a.dtype != Dtype.f32 || b.dtype != Dtype.f32) return fail('takes f32')
  if (a.shape.length != b.shape.length) return fail('the ranks differ')
  for (let i = 0; i < a.shape.length; i++) if (a.shape[i] != b.shape[i]) return fail('the shapes differ in dimension ' + i.toString())
  const sum = Tensor.zeros(Dtype.f32, a.shape)
  const x = a.f32
  const y = b.f32
  const z = sum.f32
  for (let i = 0; i < z.length; i++) z[i] = x[i] + y[i]
  return [sum]
}
