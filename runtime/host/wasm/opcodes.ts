/**
 * The instructions that a guest may use: MVP, sign extension, saturating truncation, bulk memory, multi-value, reference types and fixed-width SIMD.
 * What is not in this table is refused. A signature lists operand types, a colon, result types: i i32, l i64, f f32, d f64, v v128, r reference;
 * `*` marks the instructions whose types depend on their place (control, drop, select, variables, tables).
 */
import type { WasmPrices } from '../../core/index.ts'

/** Classes of `params.ts` by which instructions cost; `free` ones are structure. */
export type PriceClass = Exclude<keyof WasmPrices, 'growPage' | 'bulk64' | 'tableElement'> | 'free'

/** What follows the opcode. */
export type Immediate =
  | 'none'
  | 'block'
  | 'label'
  | 'labels'
  | 'func'
  | 'indirect'
  | 'local'
  | 'global'
  | 'table'
  | 'memarg'
  | 'memory'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'type'
  | 'types'
  | 'data'
  | 'elem'
  | 'dataMemory'
  | 'memories'
  | 'elemTable'
  | 'tables'
  | 'bytes16'
  | 'lane'
  | 'memargLane'

/** Where a NaN result is made canonical: scalar or lanes, 32 or 64 bits. */
export type NanFix = 'f32' | 'f64' | 'f32x4' | 'f64x2'

/** One row of the table. */
export interface Opcode {
  readonly immediate: Immediate
  readonly signature: string
  readonly price: PriceClass
  readonly nan: NanFix | undefined
  /** Operands and result letter ('' for none) of the signature; of no use where that is `*`. */
  readonly pops: number
  readonly push: string
  /** How the immediate is read. */
  readonly form: number
}

/** Immediates that most instructions have, to be told apart fast: nothing, one u32, place and offset, a constant of LEB128. */
export const FORM = { other: 0, none: 1, index: 2, memarg: 3, constant: 4 } as const

function formOf(immediate: Immediate): number {
  switch (immediate) {
    case 'none':
      return FORM.none
    case 'label':
    case 'func':
    case 'local':
    case 'global':
    case 'table':
    case 'data':
    case 'elem':
      return FORM.index
    case 'memarg':
      return FORM.memarg
    case 'i32':
    case 'i64':
      return FORM.constant
    default:
      return FORM.other
  }
}

/** Prefixed instructions stand at prefix * 256 + number. */
export const FC = 0xfc00
export const FD = 0xfd00

/** By `slotOf`: plain opcodes, then those behind 0xFC, then those behind 0xFD. */
const table: (Opcode | undefined)[] = Array.from({ length: 768 }, () => undefined)

function slotOf(code: number): number {
  if (code <= 0xff) return code
  return code >= FD ? (code < FD + 256 ? code - FD + 512 : -1) : code >= FC ? code - FC + 256 : -1
}

function put(first: number, last: number, signature: string, price: PriceClass, immediate: Immediate = 'none', nan?: NanFix): void {
  const [pops = '', push = ''] = signature.split(':')
  const opcode: Opcode = { immediate, signature, price, nan, pops: pops.length, push, form: formOf(immediate) }
  for (let code = first; code <= last; code++) table[slotOf(code)] = opcode
}

/** Opcodes that the code names (WebAssembly core, 5.4). */
export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  drop: 0x1a,
  select: 0x1b,
  selectTyped: 0x1c,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  tableGet: 0x25,
  tableSet: 0x26,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
  i64LtS: 0x53,
  i64GeS: 0x59,
  i32LtS: 0x48,
  f32Ne: 0x5c,
  f64Ne: 0x62,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64Or: 0x84,
  i64ShrU: 0x88,
  i32WrapI64: 0xa7,
  i64ExtendI32S: 0xac,
  i64ExtendI32U: 0xad,
  refNull: 0xd0,
  refFunc: 0xd2,
  memoryInit: FC + 8,
  dataDrop: FC + 9,
  memoryCopy: FC + 10,
  memoryFill: FC + 11,
  tableInit: FC + 12,
  elemDrop: FC + 13,
  tableCopy: FC + 14,
  tableGrow: FC + 15,
  tableFill: FC + 17,
  v128Const: FD + 12,
  f32x4Eq: FD + 65,
  f32x4Ne: FD + 66,
  f64x2Eq: FD + 71,
  f64x2Ne: FD + 72,
  bitselect: FD + 82,
  anyTrue: FD + 83,
} as const

// control
put(0x00, 0x00, '*', 'base')
put(0x01, 0x01, ':', 'base')
put(0x02, 0x02, '*', 'free', 'block')
put(0x03, 0x03, '*', 'base', 'block')
put(0x04, 0x04, '*', 'branch', 'block')
put(0x05, 0x05, '*', 'free')
put(0x0b, 0x0b, '*', 'free')
put(0x0c, 0x0c, '*', 'base', 'label')
put(0x0d, 0x0d, '*', 'branch', 'label')
put(0x0e, 0x0e, '*', 'branchTable', 'labels')
put(0x0f, 0x0f, '*', 'base')
put(0x10, 0x10, '*', 'call', 'func')
put(0x11, 0x11, '*', 'callIndirect', 'indirect')
// parametric, variables, tables
put(0x1a, 0x1b, '*', 'base')
put(0x1c, 0x1c, '*', 'base', 'types')
put(0x20, 0x22, '*', 'base', 'local')
put(0x23, 0x24, '*', 'base', 'global')
put(0x25, 0x25, 'i:r', 'table', 'table')
put(0x26, 0x26, 'ir:', 'table', 'table')
// memory
for (const [first, last, type] of [
  [0x28, 0x28, 'i'],
  [0x29, 0x29, 'l'],
  [0x2a, 0x2a, 'f'],
  [0x2b, 0x2b, 'd'],
  [0x2c, 0x2f, 'i'],
  [0x30, 0x35, 'l'],
] as const) {
  put(first, last, `i:${type}`, 'load', 'memarg')
}
for (const [first, last, type] of [
  [0x36, 0x36, 'i'],
  [0x37, 0x37, 'l'],
  [0x38, 0x38, 'f'],
  [0x39, 0x39, 'd'],
  [0x3a, 0x3b, 'i'],
  [0x3c, 0x3e, 'l'],
] as const) {
  put(first, last, `i${type}:`, 'store', 'memarg')
}
put(0x3f, 0x3f, ':i', 'base', 'memory')
put(0x40, 0x40, 'i:i', 'engineCall', 'memory')
// constants
put(0x41, 0x41, ':i', 'base', 'i32')
put(0x42, 0x42, ':l', 'base', 'i64')
put(0x43, 0x43, ':f', 'base', 'f32')
put(0x44, 0x44, ':d', 'base', 'f64')
// comparison
put(0x45, 0x45, 'i:i', 'compare')
put(0x46, 0x4f, 'ii:i', 'compare')
put(0x50, 0x50, 'l:i', 'compare')
put(0x51, 0x5a, 'll:i', 'compare')
put(0x5b, 0x60, 'ff:i', 'float')
put(0x61, 0x66, 'dd:i', 'float')
// integer arithmetic
put(0x67, 0x69, 'i:i', 'bitCount')
put(0x6a, 0x78, 'ii:i', 'base')
put(0x6c, 0x6c, 'ii:i', 'multiply')
put(0x6d, 0x70, 'ii:i', 'divide')
put(0x79, 0x7b, 'l:l', 'bitCount')
put(0x7c, 0x8a, 'll:l', 'base')
put(0x7e, 0x7e, 'll:l', 'multiply')
put(0x7f, 0x82, 'll:l', 'divide')
// float arithmetic: abs, neg and copysign keep bits
put(0x8b, 0x8c, 'f:f', 'float')
put(0x8d, 0x90, 'f:f', 'floatConvert', 'none', 'f32')
put(0x91, 0x91, 'f:f', 'floatRoot', 'none', 'f32')
put(0x92, 0x97, 'ff:f', 'float', 'none', 'f32')
put(0x94, 0x94, 'ff:f', 'floatMultiply', 'none', 'f32')
put(0x95, 0x95, 'ff:f', 'floatDivide', 'none', 'f32')
put(0x98, 0x98, 'ff:f', 'float')
put(0x99, 0x9a, 'd:d', 'float')
put(0x9b, 0x9e, 'd:d', 'floatConvert', 'none', 'f64')
put(0x9f, 0x9f, 'd:d', 'floatRoot', 'none', 'f64')
put(0xa0, 0xa5, 'dd:d', 'float', 'none', 'f64')
put(0xa2, 0xa2, 'dd:d', 'floatMultiply', 'none', 'f64')
put(0xa3, 0xa3, 'dd:d', 'floatDivide', 'none', 'f64')
put(0xa6, 0xa6, 'dd:d', 'float')
// conversion: promote and demote keep the engine's bits
put(0xa7, 0xa7, 'l:i', 'base')
put(0xa8, 0xa9, 'f:i', 'floatTruncate')
put(0xaa, 0xab, 'd:i', 'floatTruncate')
put(0xac, 0xad, 'i:l', 'base')
put(0xae, 0xaf, 'f:l', 'floatTruncate')
put(0xb0, 0xb1, 'd:l', 'floatTruncate')
put(0xb2, 0xb3, 'i:f', 'floatConvert')
put(0xb4, 0xb5, 'l:f', 'floatConvert')
put(0xb6, 0xb6, 'd:f', 'floatConvert')
put(0xb7, 0xb8, 'i:d', 'floatConvert')
put(0xb9, 0xba, 'l:d', 'floatConvert')
put(0xbb, 0xbb, 'f:d', 'floatConvert')
put(0xbc, 0xbc, 'f:i', 'base')
put(0xbd, 0xbd, 'd:l', 'base')
put(0xbe, 0xbe, 'i:f', 'base')
put(0xbf, 0xbf, 'l:d', 'base')
put(0xc0, 0xc1, 'i:i', 'base')
put(0xc2, 0xc4, 'l:l', 'base')
// references
put(0xd0, 0xd0, ':r', 'base', 'type')
put(0xd1, 0xd1, 'r:i', 'base')
put(0xd2, 0xd2, ':r', 'table', 'func')
// saturating truncation, bulk memory, tables
put(FC, FC + 1, 'f:i', 'floatTruncate')
put(FC + 2, FC + 3, 'd:i', 'floatTruncate')
put(FC + 4, FC + 5, 'f:l', 'floatTruncate')
put(FC + 6, FC + 7, 'd:l', 'floatTruncate')
put(FC + 8, FC + 8, 'iii:', 'engineCall', 'dataMemory')
put(FC + 9, FC + 9, ':', 'call', 'data')
put(FC + 10, FC + 10, 'iii:', 'bulk', 'memories')
put(FC + 11, FC + 11, 'iii:', 'bulk', 'memory')
put(FC + 12, FC + 12, 'iii:', 'engineCall', 'elemTable')
put(FC + 13, FC + 13, ':', 'call', 'elem')
put(FC + 14, FC + 14, 'iii:', 'engineCall', 'tables')
put(FC + 15, FC + 15, 'ri:i', 'engineCall', 'table')
put(FC + 16, FC + 16, ':i', 'base', 'table')
put(FC + 17, FC + 17, 'iri:', 'engineCall', 'table')
// SIMD: memory, constants, lanes
put(FD, FD + 10, 'i:v', 'load', 'memarg')
put(FD + 11, FD + 11, 'iv:', 'store', 'memarg')
put(FD + 12, FD + 12, ':v', 'simd', 'bytes16')
put(FD + 13, FD + 13, 'vv:v', 'simd', 'bytes16')
put(FD + 14, FD + 14, 'vv:v', 'simd')
;[...'iiilfd'].forEach((type, i) => put(FD + 15 + i, FD + 15 + i, `${type}:v`, 'simd'))
;[
  ['i', 21],
  ['i', 22],
  ['i', 24],
  ['i', 25],
  ['i', 27],
  ['l', 29],
  ['f', 31],
  ['d', 33],
].forEach(([type, n]) => put(FD + Number(n), FD + Number(n), `v:${type}`, 'simd', 'lane'))
;[
  ['i', 23],
  ['i', 26],
  ['i', 28],
  ['l', 30],
  ['f', 32],
  ['d', 34],
].forEach(([type, n]) => put(FD + Number(n), FD + Number(n), `v${type}:v`, 'simd', 'lane'))
// SIMD: comparison and logic
put(FD + 35, FD + 76, 'vv:v', 'simd')
put(FD + 77, FD + 77, 'v:v', 'simd')
put(FD + 78, FD + 81, 'vv:v', 'simd')
put(FD + 82, FD + 82, 'vvv:v', 'simd')
put(FD + 83, FD + 83, 'v:i', 'simd')
put(FD + 84, FD + 87, 'iv:v', 'load', 'memargLane')
put(FD + 88, FD + 91, 'iv:', 'store', 'memargLane')
put(FD + 92, FD + 93, 'i:v', 'load', 'memarg')
put(FD + 94, FD + 95, 'v:v', 'simdFloat')
// SIMD: integers. Each of the four shapes has 32 numbers: unary, tests, shifts, binary
const UNARY = [96, 97, 98, 124, 125, 126, 127, 128, 129, 135, 136, 137, 138, 160, 161, 167, 168, 169, 170, 192, 193, 199, 200, 201, 202]
const TEST = [99, 100, 131, 132, 163, 164, 195, 196]
const SHIFT = [107, 108, 109, 139, 140, 141, 171, 172, 173, 203, 204, 205]
const BINARY = [
  101, 102, 110, 111, 112, 113, 114, 115, 118, 119, 120, 121, 123, 130, 133, 134, 142, 143, 144, 145, 146, 147, 149, 150, 151, 152, 153,
  155, 156, 157, 158, 159, 174, 177, 181, 182, 183, 184, 185, 186, 188, 189, 190, 191, 206, 209, 213, 214, 215, 216, 217, 218, 219, 220,
  221, 222, 223,
]
for (const n of UNARY) put(FD + n, FD + n, 'v:v', 'simd')
for (const n of TEST) put(FD + n, FD + n, 'v:i', 'simd')
for (const n of SHIFT) put(FD + n, FD + n, 'vi:v', 'simd')
for (const n of BINARY) put(FD + n, FD + n, 'vv:v', 'simd')
// SIMD: floats; abs and neg keep bits
for (const n of [103, 104, 105, 106]) put(FD + n, FD + n, 'v:v', 'simdFloat', 'none', 'f32x4')
for (const n of [116, 117, 122, 148]) put(FD + n, FD + n, 'v:v', 'simdFloat', 'none', 'f64x2')
put(FD + 224, FD + 225, 'v:v', 'simd')
put(FD + 227, FD + 227, 'v:v', 'simdFloat', 'none', 'f32x4')
put(FD + 228, FD + 233, 'vv:v', 'simdFloat', 'none', 'f32x4')
// pmin and pmax choose one of their operands by a comparison: bits stay
put(FD + 234, FD + 235, 'vv:v', 'simdFloat')
put(FD + 230, FD + 230, 'vv:v', 'simdMultiply', 'none', 'f32x4')
put(FD + 231, FD + 231, 'vv:v', 'simdDivide', 'none', 'f32x4')
put(FD + 236, FD + 237, 'v:v', 'simd')
put(FD + 239, FD + 239, 'v:v', 'simdFloat', 'none', 'f64x2')
put(FD + 240, FD + 245, 'vv:v', 'simdFloat', 'none', 'f64x2')
put(FD + 246, FD + 247, 'vv:v', 'simdFloat')
put(FD + 242, FD + 242, 'vv:v', 'simdMultiply', 'none', 'f64x2')
put(FD + 243, FD + 243, 'vv:v', 'simdDivide', 'none', 'f64x2')
put(FD + 248, FD + 255, 'v:v', 'simdFloat')

/** The instruction of an opcode; undefined when no guest may use it. */
export function opcodeOf(code: number): Opcode | undefined {
  return table[slotOf(code)]
}

const tables = new WeakMap<WasmPrices, Uint32Array>()

/** Gas of instructions by opcode, before anything that depends on operands; 0 where no guest may use it. */
export function pricesByCode(wasm: WasmPrices): Uint32Array {
  const found = tables.get(wasm)
  if (found !== undefined) return found
  const made = new Uint32Array(0x1_0000)
  for (const prefix of [0, FC, FD]) {
    for (let code = prefix; code < prefix + 256; code++) {
      const opcode = opcodeOf(code)
      if (opcode !== undefined) made[code] = priceOf(opcode.price, wasm)
    }
  }
  tables.set(wasm, made)
  return made
}

/** Gas of an instruction before anything that depends on its operands. */
export function priceOf(price: PriceClass, wasm: WasmPrices): number {
  if (price === 'free') return 0
  return wasm[price]
}
