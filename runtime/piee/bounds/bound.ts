/** What a derived bound of an operator's rounding errors is, and how two results are held against one. */
import { DTYPES, type OperatorPart, type OperatorRunner, type Tensor, type TraceEntry, type CID } from '../../core/index.ts'

/** Greatest difference of element `i` between two results that both may have; 0 is equality of bytes. Infinity where no result is wrong. */
export type Bound = (i: number) => number

/** An operator that was run again, from the operands of the prover. */
export interface Rerun {
  readonly runner: OperatorRunner
  readonly model: CID
  readonly entry: TraceEntry
  /** In their places; undefined for constants of the model and what is left out. Boxes, where a part was run. */
  readonly operands: readonly (Tensor | undefined)[]
  /** What that gave, and which output it is. */
  readonly result: Tensor
  readonly output: number
  readonly part: OperatorPart | undefined
}

type Floats = Float32Array | Float64Array

/** The numbers of a float tensor; undefined of others. */
export function floatsOf({ dtype, data }: Pick<Tensor, 'dtype' | 'data'>): Floats | undefined {
  if (dtype !== 'f32' && dtype !== 'f64') return undefined
  const bytes = data.byteOffset % DTYPES[dtype] === 0 ? data : new Uint8Array(data)
  const { buffer, byteOffset } = bytes
  return dtype === 'f32' ? new Float32Array(buffer, byteOffset, bytes.length >> 2) : new Float64Array(buffer, byteOffset, bytes.length >> 3)
}

/** A number per element where the dtype is one that bounds are about. */
function numbersOf(tensor: Pick<Tensor, 'dtype' | 'data'>): ArrayLike<number> | undefined {
  const { dtype, data } = tensor
  if (dtype === 'u8') return data
  return dtype === 's8' ? new Int8Array(data.buffer, data.byteOffset, data.length) : floatsOf(tensor)
}

function sameBytes(a: Uint8Array, b: Uint8Array, size: number, i: number, j: number): boolean {
  for (let k = 0; k < size; k++) if (a[i * size + k] !== b[j * size + k]) return false
  return true
}

/** Whether element 0 of `theirs` is out of the bound of element `i` of ours. */
export function outOfBound(ours: Tensor, theirs: Tensor, bound: Bound, i: number): boolean {
  return isOut(ours, theirs, bound, i, 0)
}

function isOut(ours: Tensor, theirs: Tensor, bound: Bound, i: number, j: number): boolean {
  if (sameBytes(ours.data, theirs.data, DTYPES[ours.dtype], i, j)) return false
  const allowed = bound(i)
  if (allowed === 0) return true
  const a = numbersOf(ours)?.[i]
  const b = numbersOf(theirs)?.[j]
  if (a === undefined || b === undefined) return true
  if (allowed === Number.POSITIVE_INFINITY) return false
  // of a NaN, or one infinity, there is no difference that a bound could allow
  return !(Math.abs(a - b) <= allowed)
}

/** The first element where two tensors of one type are further apart than the bound allows; undefined where none is. */
export function firstOut(ours: Tensor, theirs: Tensor, bound: Bound): number | undefined {
  const size = DTYPES[ours.dtype]
  const a = numbersOf(ours)
  const b = numbersOf(theirs)
  for (let i = 0; i < ours.data.length / size; i++) {
    if (a !== undefined && b !== undefined && a[i] === b[i] && a[i] !== 0) continue
    if (isOut(ours, theirs, bound, i, i)) return i
  }
  return undefined
}
