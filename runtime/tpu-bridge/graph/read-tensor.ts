/** TensorProto (onnx.proto3): a constant of the file in any of its encodings as our tensor. */
import { DTYPES, limitError, LIMITS, UtnetError, type Dtype, type Tensor } from '../../core/index.ts'
import { countVarints, eachVarint, fields, signedNumber, type Field } from './protobuf.ts'
import { dtypeOfOnnx, onnxTypeName } from './onnx-type.ts'
import { quoted, type ReadBudget } from './read-budget.ts'

export interface NamedConstant {
  readonly name: string
  readonly tensor: Tensor
}

const DIMS = 1
const DATA_TYPE = 2
const NAME = 8
const RAW_DATA = 9
/** int32_data, int64_data, uint64_data. */
const VARINTS = new Set([5, 7, 11])
/** float_data, double_data: bytes of an element. */
const FIXED: ReadonlyMap<number, number> = new Map([
  [4, 4],
  [10, 8],
])
/** The list in which elements of a dtype lie, where they do not lie in raw_data. */
const LIST_OF: Readonly<Record<Dtype, number>> = {
  f32: 4,
  f64: 10,
  u8: 5,
  s8: 5,
  u16: 5,
  s16: 5,
  s32: 5,
  boolean: 5,
  s64: 7,
  u32: 11,
  u64: 11,
}

/**
 * Reads a tensor; `known` is its name where the file gives it elsewhere. Bytes of `raw_data` are not copied: a view of the file.
 * Shape, dtype and number of elements are checked before anything is allocated. Throws `model_invalid` naming the tensor.
 */
export function readTensor(bytes: Uint8Array, budget: ReadBudget, known?: string): NamedConstant {
  budget.object()
  let name = ''
  let type = 0
  let raw: Uint8Array | undefined
  const shape: number[] = []
  const listed = new Map<number, number>()
  for (const f of fields(bytes)) {
    if (f.number === DIMS && (f.wire === 0 || f.wire === 2)) {
      budget.take(countVarints(f.bytes))
      eachVarint(f.bytes, (low, high) => shape.push(signedNumber(low, high)))
    } else if (f.number === DATA_TYPE && f.wire === 0) type = f.value
    else if (f.number === NAME && f.wire === 2) name = budget.name(f.bytes)
    else if (f.number === RAW_DATA && f.wire === 2) raw = f.bytes
    else listed.set(f.number, (listed.get(f.number) ?? 0) + itemsIn(f))
  }
  const what = `constant ${quoted(known ?? name)}`
  const dtype = dtypeOfOnnx(type)
  if (dtype === undefined)
    throw new UtnetError('model_invalid', `${what} of the model is of ${onnxTypeName(type)}, which the bridge does not carry`, {
      hint: 'export the model with float32, float64, integer or boolean weights',
    })
  const count = countOf(shape, what)
  const size = count * DTYPES[dtype]
  const list = LIST_OF[dtype]
  const items = listed.get(list) ?? 0
  if ((raw !== undefined && raw.length !== size) || (raw === undefined && items !== count) || (raw !== undefined && items > 0))
    throw new UtnetError(
      'model_invalid',
      `${what} of the model declares shape [${shape.join(',')}] of ${dtype}, which is ${size} bytes, and brings ${
        raw === undefined ? `${items} elements` : items > 0 ? 'its data twice' : `${raw.length} bytes`
      }`,
    )
  const data = raw ?? fromList(bytes, list, dtype, size, what)
  if (dtype === 'boolean' && data.some((b) => b > 1))
    throw new UtnetError('model_invalid', `${what} of the model is boolean and has a byte that is neither 0 nor 1`)
  return { name: known ?? name, tensor: { dtype, shape, data } }
}

/** Elements of a tensor's shape; throws `model_invalid` where a side is no unsigned integer or there are too many. */
function countOf(shape: readonly number[], what: string): number {
  if (shape.length > LIMITS.tensorRank)
    throw limitError('model_invalid', 'tensorRank', shape.length, LIMITS.tensorRank, `rank of ${what} of the model`)
  let count = 1
  for (const side of shape) {
    if (!Number.isSafeInteger(side) || side < 0)
      throw new UtnetError('model_invalid', `${what} of the model has a side that is no unsigned integer: ${side}`)
    count *= side
    if (count > LIMITS.tensorElements)
      throw limitError('model_invalid', 'tensorElements', count, LIMITS.tensorElements, `elements of ${what} of the model`)
  }
  return count
}

/** Elements that a field of a list brings: packed, or one alone. */
function itemsIn(f: Field): number {
  const width = FIXED.get(f.number)
  if (width !== undefined) return f.wire === 2 || f.bytes.length === width ? f.bytes.length / width : 0
  if (!VARINTS.has(f.number)) return 0
  return f.wire === 0 || f.wire === 2 ? countVarints(f.bytes) : 0
}

function fromList(bytes: Uint8Array, list: number, dtype: Dtype, size: number, what: string): Uint8Array {
  const data = new Uint8Array(size)
  const view = new DataView(data.buffer)
  const width = DTYPES[dtype]
  let at = 0
  const put = (low: number, high: number): void => {
    if (width === 8) {
      view.setUint32(at, low, true)
      view.setUint32(at + 4, high, true)
    } else {
      if (!fits(dtype, low, high))
        throw new UtnetError('model_invalid', `${what} of the model is of ${dtype} and has an element out of its range`)
      if (width === 4) view.setUint32(at, low, true)
      else if (width === 2) view.setUint16(at, low & 0xffff, true)
      else view.setUint8(at, low & 0xff)
    }
    at += width
  }
  for (const f of fields(bytes)) {
    if (f.number !== list) continue
    if (FIXED.has(list)) {
      if (itemsIn(f) === 0) continue
      data.set(f.bytes, at)
      at += f.bytes.length
    } else if (f.wire === 0 || f.wire === 2) eachVarint(f.bytes, put)
  }
  return data
}

/** Whether an element, a varint of a list, is of the dtype. Writers give negative ones with 64 bits or with 32. */
function fits(dtype: Dtype, low: number, high: number): boolean {
  const value = high === 0 && dtype !== 'u32' ? low | 0 : signedNumber(low, high)
  if (dtype === 'boolean') return value === 0 || value === 1
  const bits = DTYPES[dtype] * 8
  return dtype.startsWith('u') ? value >= 0 && value < 2 ** bits : value >= -(2 ** (bits - 1)) && value < 2 ** (bits - 1)
}
