/** The models, run by the node's tensor bridge. */

import { Arithmetic, Dtype, NamedTensor, Tensor, infer } from '@utnet/sdk/tensor'

/** Why the last inference failed. */
export let inferProblem: string = ''

/** The first output of a model: `length` f32 at `start`. */
export class Output {
  constructor(
    private tensor: Tensor,
    readonly start: usize,
    readonly length: i32,
    readonly lastDimension: i32,
  ) {}

  /** Gives the memory back; the output must not be read after this. */
  release(): void {
    shrink(this.tensor.data.buffer)
  }
}

/** Nothing is collected while a request runs, so the large buffers are handed back by hand: the object stays, its memory goes. */
function shrink(buffer: ArrayBuffer): void {
  __renew(changetype<usize>(buffer), 0)
}

function failed(why: string): Output | null {
  inferProblem = why
  return null
}

/** Runs `model` on three planes of f32 (1 x 3 x height x width, used up by this); null if that fails: `inferProblem` then says why. */
export function runModel(model: string, planes: Float32Array, height: i32, width: i32): Output | null {
  const input = Tensor.fromF32([1, 3, height, width], planes)
  const result = infer(model, [new NamedTensor('x', input)], Arithmetic.any)
  shrink(planes.buffer)
  if (result.isErr) return failed(result.err)
  if (result.ok.length == 0) return failed(`${model} has no output`)
  const output = result.ok[0].value
  if (output.dtype != <u8>Dtype.f32 || output.shape.length == 0 || !output.isValid)
    return failed(`${model} did not answer with an f32 tensor`)
  return new Output(output, output.data.dataStart, output.data.length >> 2, output.shape[output.shape.length - 1])
}
