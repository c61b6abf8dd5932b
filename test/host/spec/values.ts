/** Values of the specification's tests: their bits in memory, and those that only JavaScript can hold. */
import type { FuncType } from '../../../runtime/host/wasm/index.ts'
import type { Value } from './commands.ts'
import { PLACE } from './invoker.ts'

/** Whether all values of a function can lie in memory: references cannot. */
export const crosses = ({ params, results }: FuncType): boolean => !/[re]/.test(params + results)

const SIZE: Readonly<Record<string, number>> = { i: 4, l: 8, f: 4, d: 8, v: 16 }
const LANE: Readonly<Record<string, number>> = { i8: 1, i16: 2, i32: 4, f32: 4, i64: 8, f64: 8 }

function put(view: DataView, at: number, bytes: number, value: string): void {
  let bits = BigInt.asUintN(64, BigInt(value))
  for (let i = 0; i < bytes; i++, bits >>= 8n) view.setUint8(at + i, Number(bits & 255n))
}

function bitsAt(view: DataView, at: number, bytes: number): bigint {
  let bits = 0n
  for (let i = bytes - 1; i >= 0; i--) bits = (bits << 8n) | BigInt(view.getUint8(at + i))
  return bits
}

/** Writes arguments to their places. */
export function fill(view: DataView, params: string, args: readonly Value[]): void {
  args.forEach(({ value, lane_type: lane = '' }, i) => {
    if (Array.isArray(value)) {
      const size = LANE[lane] as number
      value.forEach((v, k) => put(view, i * PLACE + k * size, size, v))
    } else put(view, i * PLACE, SIZE[params[i] as string] as number, value as string)
  })
}

/** The bits of results as text. */
export const read = (view: DataView, results: string): string =>
  [...results].map((letter, i) => bitsAt(view, i * PLACE, SIZE[letter] as number).toString(16)).join(' ')

function bitsAgree(bits: bigint, bytes: number, wanted: string): boolean {
  if (!wanted.startsWith('nan:')) return bits === BigInt.asUintN(bytes * 8, BigInt(wanted))
  const [quiet, sign] = bytes === 4 ? [0x7fc0_0000n, 1n << 31n] : [0x7ff8_0000_0000_0000n, 1n << 63n]
  return wanted === 'nan:canonical' ? (bits & ~sign) === quiet : (bits & quiet) === quiet
}

/** Whether the bits in memory are those that are expected. */
export function agrees(view: DataView, results: string, expected: readonly Value[] | undefined): boolean {
  if (expected === undefined) return true
  if (expected.length !== results.length) return false
  const agree = ({ type, value, values, lane_type: lane = '' }: Value, i: number): boolean => {
    if (type === 'either') return (values ?? []).some((v) => agree(v, i))
    if (!Array.isArray(value))
      return bitsAgree(bitsAt(view, i * PLACE, SIZE[results[i] as string] as number), SIZE[results[i] as string] as number, value as string)
    const size = LANE[lane] as number
    return value.every((v, k) => bitsAgree(bitsAt(view, i * PLACE + k * size, size), size, v))
  }
  return expected.every(agree)
}

/** References from outside, one for each number. */
const references = new Map<string, object>()
const referenceOf = (id: string): object => {
  const found = references.get(id) ?? { id }
  references.set(id, found)
  return found
}

const word = new DataView(new ArrayBuffer(8))

/** Functions with references are called from JavaScript; their numbers have no NaNs whose bits count. */
export const JS_VALUES = {
  of({ type, value }: Value): unknown {
    if (type === 'i32') return Number(value)
    if (type === 'i64') return BigInt(value as string)
    if (type === 'f32' || type === 'f64') {
      put(word, 0, type === 'f32' ? 4 : 8, value as string)
      return type === 'f32' ? word.getFloat32(0, true) : word.getFloat64(0, true)
    }
    return value === undefined || value === 'null' ? null : referenceOf(value as string)
  },
  text(value: unknown): string {
    if (value === null) return 'null'
    return typeof value === 'object' ? (value as { id: string }).id : typeof value === 'function' ? 'function' : String(value)
  },
  agree(list: readonly unknown[], results: string, expected: readonly Value[] | undefined): boolean {
    if (expected === undefined) return true
    if (expected.length !== results.length) return false
    const agree = (wanted: Value, i: number): boolean => {
      const got = list[i]
      if (wanted.type === 'either') return (wanted.values ?? []).some((v) => agree(v, i))
      if (wanted.type === 'refnull' || wanted.value === 'null') return got === null
      if (wanted.type === 'funcref') return typeof got === 'function'
      if (wanted.value === undefined) return got !== null
      if (typeof got === 'bigint') return BigInt.asUintN(64, got) === BigInt.asUintN(64, BigInt(wanted.value as string))
      if (results[i] === 'i') return ((got as number) | 0) === (Number(wanted.value) | 0)
      return String(wanted.value).startsWith('nan:') ? Number.isNaN(got) : Object.is(got, this.of(wanted))
    }
    return expected.every(agree)
  },
}
