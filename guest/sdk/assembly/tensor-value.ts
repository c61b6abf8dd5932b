/** Tensors as values: little-endian, row-major bytes with a shape. */

/** Types of elements, in the order of the enum `dtype` of utnet:host/tensor. */
export enum Dtype {
  f32,
  f64,
  u8,
  s8,
  u16,
  s16,
  u32,
  s32,
  u64,
  s64,
  boolean_,
}

/** Bytes of one element; 0 for what is no dtype. */
export function elementSize(dtype: Dtype): i32 {
  switch (dtype) {
    case Dtype.f64:
    case Dtype.u64:
    case Dtype.s64:
      return 8
    case Dtype.f32:
    case Dtype.u32:
    case Dtype.s32:
      return 4
    case Dtype.u16:
    case Dtype.s16:
      return 2
    case Dtype.u8:
    case Dtype.s8:
    case Dtype.boolean_:
      return 1
    default:
      return 0
  }
}

/** Number of elements of a shape; -1 where it passes 2^31 - 1. */
export function elementCount(shape: Array<u32>): i32 {
  let count: u64 = 1
  for (let i = 0; i < shape.length; i++) {
    const side = shape[i]
    if (side == 0) return 0
    count *= side
    if (count > 0x7fffffff) return -1
  }
  return <i32>count
}

export class Tensor {
  dtype: u8
  shape: Array<u32>
  data: Uint8Array

  /** Throws where `data` is not exactly as long as dtype and shape say. */
  constructor(dtype: Dtype, shape: Array<u32>, data: Uint8Array) {
    this.dtype = <u8>dtype
    this.shape = shape
    this.data = data
    if (!this.isValid) throw new Error('tensor: the data is ' + data.length.toString() + ' bytes, dtype and shape want another length')
  }

  static zeros(dtype: Dtype, shape: Array<u32>): Tensor {
    const count = elementCount(shape)
    if (count < 0) throw new Error('tensor: the shape is too large')
    return new Tensor(dtype, shape, new Uint8Array(count * elementSize(dtype)))
  }

  /** Shares the memory of `values`. */
  static fromF32(shape: Array<u32>, values: Float32Array): Tensor {
    return new Tensor(Dtype.f32, shape, Uint8Array.wrap(values.buffer, values.byteOffset, values.byteLength))
  }

  /** Shares the memory of `values`. */
  static fromS64(shape: Array<u32>, values: Int64Array): Tensor {
    return new Tensor(Dtype.s64, shape, Uint8Array.wrap(values.buffer, values.byteOffset, values.byteLength))
  }

  /** Shares the memory of `values`. */
  static fromF64(shape: Array<u32>, values: Float64Array): Tensor {
    return new Tensor(Dtype.f64, shape, Uint8Array.wrap(values.buffer, values.byteOffset, values.byteLength))
  }

  /** Shares the memory of `values`. */
  static fromS32(shape: Array<u32>, values: Int32Array): Tensor {
    return new Tensor(Dtype.s32, shape, Uint8Array.wrap(values.buffer, values.byteOffset, values.byteLength))
  }

  /** Zeros of the same dtype and shape. */
  static like(other: Tensor): Tensor {
    return Tensor.zeros(<Dtype>other.dtype, other.shape)
  }

  /** The same elements, in place, under another shape of as many. Throws where the counts differ. */
  reshape(shape: Array<u32>): Tensor {
    return new Tensor(<Dtype>this.dtype, shape, this.data)
  }

  sameShape(other: Tensor): bool {
    if (this.shape.length != other.shape.length) return false
    for (let i = 0; i < this.shape.length; i++) if (this.shape[i] != other.shape[i]) return false
    return true
  }

  /** How many elements lie between neighbours of each dimension. */
  get strides(): Array<i32> {
    const strides = new Array<i32>(this.shape.length)
    for (let i = this.shape.length - 1, step = 1; i >= 0; i--) {
      strides[i] = step
      step *= <i32>this.shape[i]
    }
    return strides
  }

  /** Place of an element in the flat view. Throws outside of the shape. */
  offset(index: Array<u32>): i32 {
    if (index.length != this.shape.length) throw new Error('tensor: the index has another rank than the shape')
    let offset = 0
    for (let i = 0; i < index.length; i++) {
      if (index[i] >= this.shape[i]) throw new Error('tensor: the index is outside of the shape')
      offset = offset * <i32>this.shape[i] + <i32>index[i]
    }
    return offset
  }

  /** Whether data, dtype and shape agree. What comes from the host was checked by it; what comes from a caller was not. */
  get isValid(): bool {
    const count = elementCount(this.shape)
    const size = elementSize(this.dtype)
    return size > 0 && count >= 0 && <u64>count * size == <u64>this.data.length
  }

  /** Number of elements. */
  get size(): i32 {
    return elementCount(this.shape)
  }

  /** The elements in place, not a copy. Throws for another dtype. */
  get f32(): Float32Array {
    this.expect(Dtype.f32)
    return Float32Array.wrap(this.data.buffer, this.data.byteOffset, this.data.length >> 2)
  }

  get f64(): Float64Array {
    this.expect(Dtype.f64)
    return Float64Array.wrap(this.data.buffer, this.data.byteOffset, this.data.length >> 3)
  }

  get s32(): Int32Array {
    this.expect(Dtype.s32)
    return Int32Array.wrap(this.data.buffer, this.data.byteOffset, this.data.length >> 2)
  }

  get s64(): Int64Array {
    this.expect(Dtype.s64)
    return Int64Array.wrap(this.data.buffer, this.data.byteOffset, this.data.length >> 3)
  }

  get u8(): Uint8Array {
    this.expect(Dtype.u8)
    return this.data
  }

  private expect(dtype: Dtype): void {
    if (this.dtype != <u8>dtype) throw new Error('tensor: the dtype is ' + this.dtype.toString() + ', not ' + (<i32>dtype).toString())
  }
}

export class NamedTensor {
  constructor(
    public name: string,
    public value: Tensor,
  ) {}
}
