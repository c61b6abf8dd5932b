/** Our dtypes and those of the ONNX Runtime JavaScript API, both ways. */
import type { Tensor as OrtTensor } from 'onnxruntime-web'
import type { Dtype } from '../../core/index.ts'

type Elements = Exclude<OrtTensor.DataType, string[]>
type View = new (buffer: ArrayBuffer, byteOffset: number, length: number) => Elements

interface Entry {
  readonly type: OrtTensor.Type
  readonly view: View
}

const TO_ORT: Readonly<Record<Dtype, Entry>> = {
  f32: { type: 'float32', view: Float32Array },
  f64: { type: 'float64', view: Float64Array },
  u8: { type: 'uint8', view: Uint8Array },
  s8: { type: 'int8', view: Int8Array },
  u16: { type: 'uint16', view: Uint16Array },
  s16: { type: 'int16', view: Int16Array },
  u32: { type: 'uint32', view: Uint32Array },
  s32: { type: 'int32', view: Int32Array },
  u64: { type: 'uint64', view: BigUint64Array },
  s64: { type: 'int64', view: BigInt64Array },
  boolean: { type: 'bool', view: Uint8Array },
}

const FROM_ORT: ReadonlyMap<string, Dtype> = new Map((Object.keys(TO_ORT) as Dtype[]).map((d) => [TO_ORT[d].type, d]))

/** The runtime's name of a dtype. */
export function ortType(dtype: Dtype): OrtTensor.Type {
  return TO_ORT[dtype].type
}

/** Our dtype of the runtime's name; undefined for those that the bridge does not carry (strings, 16-bit and 4-bit floats and integers). */
export function dtypeOf(type: string): Dtype | undefined {
  return FROM_ORT.get(type)
}

/** A copy of the bytes as the typed array the runtime wants. Always a copy: the source need not be aligned, and stays the caller's. */
export function elementsOf(dtype: Dtype, data: Uint8Array): Elements {
  // not slice(): that of a Buffer is a view
  const copy = new Uint8Array(data)
  const { view } = TO_ORT[dtype]
  const width = (view as unknown as { readonly BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT
  return new view(copy.buffer, 0, copy.length / width)
}

/** A typed array's bytes in memory order, which is little-endian on every platform that the runtimes support. Not copied: both runtimes give memory that is the caller's. */
export function bytesOf(elements: Elements): Uint8Array {
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength)
}
