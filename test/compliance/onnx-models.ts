/** Small ONNX models built from nothing, for tests of devices: a few lines of protobuf. Field numbers are those of onnx.proto3. */
import { concatBytes, utf8, type Dtype } from '../../runtime/core/index.ts'

/** TensorProto.DataType of the dtypes that the bridge carries. */
export const ONNX_TYPE: Readonly<Record<Dtype, number>> = {
  f32: 1,
  u8: 2,
  s8: 3,
  u16: 4,
  s16: 5,
  s32: 6,
  s64: 7,
  boolean: 9,
  f64: 11,
  u32: 12,
  u64: 13,
}

function varint(n: number): Uint8Array {
  const out: number[] = []
  let v = n
  while (v > 127) {
    out.push((v % 128) | 128)
    v = Math.floor(v / 128)
  }
  out.push(v)
  return Uint8Array.from(out)
}

export const int = (field: number, value: number): Uint8Array => concatBytes(varint(field * 8), varint(value))
export const bytes = (field: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const body = concatBytes(...parts)
  return concatBytes(varint(field * 8 + 2), varint(body.length), body)
}
export const text = (field: number, value: string): Uint8Array => bytes(field, utf8(value))

/** ValueInfoProto; a name in `shape` is a free dimension, and -1 one without a name. */
export const value = (name: string, type: number, shape: readonly (number | string)[]): Uint8Array =>
  concatBytes(
    text(1, name),
    bytes(
      2,
      bytes(
        1,
        int(1, type),
        bytes(2, ...shape.map((d) => bytes(1, typeof d === 'string' ? text(2, d) : d < 0 ? new Uint8Array() : int(1, d)))),
      ),
    ),
  )

/** NodeProto. */
export const node = (
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  domain = '',
  ...attributes: readonly Uint8Array[]
): Uint8Array =>
  concatBytes(
    ...inputs.map((i) => text(1, i)),
    ...outputs.map((o) => text(2, o)),
    text(4, op),
    ...(domain === '' ? [] : [text(7, domain)]),
    ...attributes.map((a) => bytes(5, a)),
  )

/** GraphProto. */
export const graph = (
  nodes: readonly Uint8Array[],
  inputs: readonly Uint8Array[],
  outputs: readonly Uint8Array[],
  initializers: readonly Uint8Array[] = [],
): Uint8Array =>
  concatBytes(
    ...nodes.map((n) => bytes(1, n)),
    text(2, 'g'),
    ...initializers.map((t) => bytes(5, t)),
    ...inputs.map((i) => bytes(11, i)),
    ...outputs.map((o) => bytes(12, o)),
  )

/** ModelProto, opset 13. */
export const model = (g: Uint8Array, ...more: readonly Uint8Array[]): Uint8Array =>
  concatBytes(int(1, 8), bytes(7, g), bytes(8, int(2, 13)), ...more)

/** `y = Identity(x)` of any type and shape. */
export const identity = (type: number, shape: readonly (number | string)[]): Uint8Array =>
  model(graph([node('Identity', ['x'], ['y'])], [value('x', type, shape)], [value('y', type, shape)]))

/** `y = a / b`, f32 vectors of free length. */
export const division = (): Uint8Array =>
  model(graph([node('Div', ['a', 'b'], ['y'])], [value('a', 1, ['n']), value('b', 1, ['n'])], [value('y', 1, ['n'])]))

/** Two outputs of two f32 matrices: `product = a x b` and `sum = a + c`. */
export const twoOutputs = (): Uint8Array =>
  model(
    graph(
      [node('MatMul', ['a', 'b'], ['product']), node('Add', ['a', 'c'], ['sum'])],
      [value('a', 1, ['n', 4]), value('b', 1, [4, 'm']), value('c', 1, [1, 4])],
      [value('product', 1, ['n', 'm']), value('sum', 1, ['n', 4])],
    ),
  )

/** TensorProto whose bytes lie in another file. */
export const externalTensor = (name: string, location: string, length: number): Uint8Array =>
  concatBytes(int(1, length), int(2, 2), text(8, name), bytes(13, text(1, 'location'), text(2, location)), int(14, 1))
