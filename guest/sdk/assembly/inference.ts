/**
 * Inference outside the chain, answered in a later transaction:
 *
 *     export function judge(image: Uint8Array): u64 {
 *       const pixels = new Tensor(Dtype.u8, [<u32>image.length], image)
 *       return requestInference('judge', [new NamedTensor('x', pixels)], 'judged')
 *     }
 *
 *     export function judged(request: u64, answer: Uint8Array): void {
 *       const outcome = takeAnswer(answer)
 *       if (outcome.isOk) ...outcome.outputs
 *     }
 */

import { context, require } from './context'
import { Arithmetic, request } from './raw/host-inference'
import { Dtype, NamedTensor, Tensor } from './tensor'
import { ValueReader, ValueWriter } from './values'

export { Arithmetic, Dtype, NamedTensor, Tensor }

/**
 * Asks for an inference and gives the request's number. A node may answer within `blocks` blocks; then, or when they are over, the export `callback` of this
 * contract runs with at most `gas`, which this call pays. `model`: a name that nodes know, or, to be sure which model it is, its CID.
 */
export function requestInference(
  model: string,
  inputs: Array<NamedTensor>,
  callback: string,
  arithmetic: Arithmetic = Arithmetic.any,
  blocks: u32 = 100,
  gas: u64 = 10_000_000,
): u64 {
  const writer = new ValueWriter()
  writer.list(inputs.length)
  for (let i = 0; i < inputs.length; i++) {
    const value = inputs[i].value
    writer.list(4)
    writer.put<string>(inputs[i].name)
    writer.put<string>(dtypeName(<Dtype>value.dtype))
    writer.put<Array<u32>>(value.shape)
    writer.put<Uint8Array>(value.data)
  }
  return request(model, writer.finish(), <u8>arithmetic, exportName(callback), blocks, gas)
}

/** `wasJudged` -> `was-judged`: exports are named as WIT names them. */
function exportName(name: string): string {
  let out = ''
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    const upper = c >= 65 && c <= 90
    if (upper && i > 0) out += '-'
    out += String.fromCharCode(upper ? c + 32 : c)
  }
  return out
}

/** What came of a request. */
export class InferenceAnswer {
  /** Where `isOk`: what the model gave. */
  outputs: Array<NamedTensor> = []
  /** Where `isOk`: the arithmetic id of the device that ran it, e.g. `exact:onnxruntime-web@...`. */
  arithmetic: string = ''
  /** Where `isOk`: the canonical bytes of what the node that ran it committed to. */
  commitment: Uint8Array = new Uint8Array(0)
  /** Why there are no outputs; `expired` where nobody answered in time. */
  error: string = ''

  get isOk(): bool {
    return this.error.length == 0
  }
}

/** The answer that a callback was given. Reverts unless the chain itself calls: anybody can call an export. */
export function takeAnswer(answer: Uint8Array): InferenceAnswer {
  // a contract at work cannot be entered again, so nobody else calls as the contract itself
  require(context.caller() == context.contract(), 'only the chain answers a request')
  const reader = new ValueReader(answer)
  const out = new InferenceAnswer()
  const count = reader.items()
  const kind = reader.take<u8>()
  if (kind == 0 && count == 4) {
    out.arithmetic = reader.take<string>()
    out.commitment = reader.take<Uint8Array>()
    for (let left = reader.items(); left > 0; left--) {
      reader.items()
      const name = reader.take<string>()
      const dtype = dtypeOf(reader.take<string>())
      const shape = reader.take<Array<u32>>()
      out.outputs.push(new NamedTensor(name, new Tensor(dtype, shape, reader.take<Uint8Array>())))
    }
  } else {
    const message = kind == 1 ? reader.take<string>() : 'expired'
    out.error = message.length == 0 ? 'refused' : message
  }
  return out
}

const NAMES: StaticArray<string> = ['f32', 'f64', 'u8', 's8', 'u16', 's16', 'u32', 's32', 'u64', 's64', 'boolean']

function dtypeName(dtype: Dtype): string {
  return NAMES[<i32>dtype]
}

function dtypeOf(name: string): Dtype {
  for (let i = 0; i < NAMES.length; i++) if (NAMES[i] == name) return <Dtype>i
  throw new Error('the answer has an unknown dtype ' + name)
}
