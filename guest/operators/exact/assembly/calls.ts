import { Dtype, Tensor, elementCount, elementSize } from '@utnet/sdk/tensor'
import { fail } from '@utnet/sdk/operator'
import { kernel } from './core'

/** Reads the u32 words of the calls, within their bounds. */
class Words {
  at: usize
  end: usize

  constructor(data: Uint8Array) {
    this.at = data.dataStart
    this.end = data.dataStart + (data.length & ~3)
  }

  next(): u32 {
    if (this.at >= this.end) throw new Error('exact: the calls end early')
    const word = load<u32>(this.at)
    this.at += 4
    return word
  }
}

const NONE: u32 = 0xffffffff

/**
 * Runs calls: u32 words, little-endian: outputs, each [dtype, rank, sides...]; temporaries, each its bytes; steps, each [kernel, operands, parameters, an operand
 * number each, the parameters]. Counts stand before lists. Operands count inputs first, then outputs, then temporaries; 0xffffffff is one left out.
 */
export function runCalls(inputs: Array<Tensor>): Array<Tensor> {
  const words = new Words(inputs[0].data)
  const addresses = new Array<u32>()
  for (let i = 1; i < inputs.length; i++) {
    if (!inputs[i].isValid) return fail('the data of a tensor is not as long as its shape says')
    addresses.push(<u32>padded(inputs[i].data))
  }
  const outputs = new Array<Tensor>()
  for (let i = words.next(); i > 0; i--) {
    const dtype = words.next()
    if (elementSize(<Dtype>dtype) == 0) return fail('no such dtype')
    const shape = new Array<u32>()
    for (let rank = words.next(); rank > 0; rank--) shape.push(words.next())
    const count = elementCount(shape)
    if (count < 0) return fail('an output is too large')
    const length = <u32>count * <u32>elementSize(<Dtype>dtype)
    const data = room(length)
    addresses.push(<u32>data)
    outputs.push(new Tensor(<Dtype>dtype, shape, Uint8Array.wrap(changetype<ArrayBuffer>(data), 0, <i32>length)))
  }
  for (let i = words.next(); i > 0; i--) addresses.push(<u32>room(words.next()))
  for (let i = words.next(); i > 0; i--) {
    const id = words.next()
    const operands = words.next()
    const parameters = words.next()
    const record = room((operands + parameters) << 2)
    for (let j: u32 = 0; j < operands; j++) {
      const which = words.next()
      if (which != NONE && which >= <u32>addresses.length) return fail('a step names an operand that is not there')
      store<u32>(record + (j << 2), which == NONE ? 0 : addresses[which])
    }
    for (let j: u32 = 0; j < parameters; j++) store<u32>(record + ((operands + j) << 2), words.next())
    const status = kernel(<i32>id, record, 0, 1)
    if (status != 0) return fail('kernel ' + id.toString() + ' stopped with status ' + status.toString())
  }
  return outputs
}

/** Kernels may read so many bytes behind a tensor, but never write there. */
const SLACK: u32 = 64

/** Zeroed memory that kernels may use: on a border of 16 bytes. As large as an ArrayBuffer may be at most. */
function room(bytes: u32): usize {
  return changetype<usize>(new ArrayBuffer(bytes + SLACK))
}

/** The data where kernels may read behind it: at the end of memory they could not. */
function padded(data: Uint8Array): usize {
  const at = room(data.length)
  memory.copy(at, data.dataStart, data.length)
  return at
}
