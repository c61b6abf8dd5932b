/** For every instruction of the opcode table that computes: a loop of a chain of it, each waiting for the one before. */
import { OP, opcodeOf, Writer, type Opcode, type PriceClass } from '../../../runtime/host/wasm/index.ts'

export interface Chain {
  readonly name: string
  readonly price: PriceClass
  readonly bytes: Uint8Array
}

const UNROLLED = 32
const TYPES = 'ilfdv'
const BYTE: Readonly<Record<string, number>> = { i: 0x7f, l: 0x7e, f: 0x7d, d: 0x7c, v: 0x7b }

/** What the operands are: plain numbers, numbers below the normal range, NaNs. They cost differently. */
type Operands = 'plain' | 'subnormal' | 'nan'

function f64(w: Writer, value: number): Writer {
  return w.u8(OP.f64Const).raw(new Uint8Array(new Float64Array([value]).buffer))
}
function f32(w: Writer, value: number): Writer {
  return w.u8(OP.f32Const).raw(new Uint8Array(new Float32Array([value]).buffer))
}
function v128(w: Writer, value: Float32Array | Float64Array | Uint32Array): Writer {
  return op(w, OP.v128Const).raw(new Uint8Array(value.buffer.slice(0, 16) as ArrayBuffer))
}
function op(w: Writer, code: number): Writer {
  return code > 0xff ? w.u8(code >> 8).u32(code & 0xff) : w.u8(code)
}

/** First and second operand of each type. Divisors are odd and small, so that a quotient takes the machine as long as it can. */
function constant(w: Writer, letter: string, which: 0 | 1, operands: Operands, doubles: boolean): Writer {
  const [first, second] = operands === 'plain' ? [1.1, 0.9999999] : operands === 'subnormal' ? [0, 1] : [Number.NaN, 1]
  const small = operands === 'subnormal' && which === 0
  const float = which === 0 ? first : second
  if (letter === 'i') return w.u8(OP.i32Const).signed(which === 0 ? 0x7654_3211 : 3)
  if (letter === 'l') return w.u8(OP.i64Const).signed(which === 0 ? 0x1f_7654_3210_fed9 : 3)
  if (letter === 'f') return f32(w, small ? 1e-40 : float)
  if (letter === 'd') return f64(w, small ? 1e-310 : float)
  if (doubles) return v128(w, new Float64Array(2).fill(small ? 1e-310 : float))
  return v128(w, new Float32Array(4).fill(small ? 1e-40 : float))
}

/** Instructions from one type to another; cheap ones, and never one that traps. */
const BACK: Readonly<Record<string, readonly number[]>> = {
  il: [0xad],
  li: [0xa7],
  if: [0xbe],
  fi: [0xbc],
  ld: [0xbf],
  dl: [0xbd],
  fd: [0xbb],
  df: [0xb6],
  id: [0xb8],
  di: [0xbd, 0xa7],
  lf: [0xa7, 0xbe],
  fl: [0xbc, 0xad],
  iv: [0xfd, 17],
  lv: [0xfd, 18],
  fv: [0xfd, 19],
  dv: [0xfd, 20],
  vi: [0xfd, 27, 0],
  vl: [0xfd, 29, 0],
  vf: [0xfd, 31, 0],
  vd: [0xfd, 33, 0],
}

function chain(code: number, { immediate, signature }: Opcode, operands: Operands): Uint8Array {
  const [pops, pushes] = signature.split(':') as [string, string]
  const doubles = code >= 0xfd00 && isDoubles(code & 0xff)
  const kept = pops[0] as string
  const division = (code >= 0x6d && code <= 0x70) || (code >= 0x7f && code <= 0x82)
  const body = new Writer()
  // Locals: 0 the count; then for each type a first and a second operand
  body.u32(TYPES.length)
  for (const letter of TYPES) body.u32(2).u8(BYTE[letter] as number)
  const local = (letter: string, which: 0 | 1): number => 1 + 2 * TYPES.indexOf(letter) + which
  // From mutable globals, so that the engine cannot know them
  for (const letter of TYPES)
    for (const which of [0, 1] as const) body.u8(OP.globalGet).u32(local(letter, which)).u8(OP.localSet).u32(local(letter, which))
  body.u8(OP.loop, 0x40, OP.localGet).u32(local(kept, 0))
  for (let i = 0; i < UNROLLED; i++) {
    // A quotient is small: the next division gets a great number again
    if (division)
      body
        .u8(OP.localGet)
        .u32(local(kept, 0))
        .u8(kept === 'i' ? 0x72 : 0x84)
    for (const letter of pops.slice(1)) body.u8(OP.localGet).u32(local(letter, 1))
    op(body, code)
    if (immediate === 'lane') body.u8(0)
    if (immediate === 'bytes16') body.raw(Uint8Array.from({ length: 16 }, (_, at) => (at * 7 + 3) % 32))
    if (pushes !== kept) body.u8(...(BACK[`${pushes}${kept}`] as readonly number[]))
  }
  body.u8(OP.localSet).u32(local(kept, 0))
  body.u8(OP.localGet, 0, OP.i32Const, 1, OP.i32Sub, OP.localTee, 0, OP.brIf, 0, OP.end)
  // What is computed is kept, or the engine would leave it out
  body.u8(OP.localGet).u32(local(kept, 0))
  if (kept !== 'i') body.u8(...(BACK[`${kept}i`] as readonly number[]))
  body.u8(OP.globalSet).u32(0).u8(OP.end)
  const globals = new Writer().u8(1 + 2 * TYPES.length, 0x7f, 1, OP.i32Const, 0, OP.end)
  for (const letter of TYPES)
    for (const which of [0, 1] as const) constant(globals.u8(BYTE[letter] as number, 1), letter, which, operands, doubles).u8(OP.end)
  return new Writer()
    .u8(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
    .section(1, new Writer().u8(1, 0x60, 1, 0x7f, 0))
    .section(3, new Writer().u8(1, 0))
    .section(6, globals)
    .section(7, new Writer().u8(1).name('run').u8(0, 0))
    .section(10, new Writer().u8(1).u32(body.length).raw(body.view()))
    .bytes()
}

function isDoubles(n: number): boolean {
  return (n >= 71 && n <= 76) || n === 94 || n === 116 || n === 117 || n === 122 || n === 148 || n >= 236
}

/** Operands that an instruction can tell apart. */
function variants({ signature }: Opcode): readonly Operands[] {
  return /[fdv]/.test(signature) ? ['plain', 'subnormal', 'nan'] : ['plain']
}

/** Truncations that trap are left to their saturating twins: they cannot be given numbers out of range. */
const computes = (code: number, { immediate, signature }: Opcode): boolean =>
  ['none', 'lane', 'bytes16'].includes(immediate) &&
  /^[ilfdv]+:[ilfdv]$/.test(signature) &&
  !(code >= 0xa8 && code <= 0xab) &&
  !(code >= 0xae && code <= 0xb1)

/** Chains of every instruction that takes operands and gives a result. */
export function chains(): readonly Chain[] {
  const out: Chain[] = []
  for (let code = 0; code <= 0xfdff; code++) {
    const opcode = opcodeOf(code)
    if (opcode === undefined || !computes(code, opcode)) continue
    for (const operands of variants(opcode))
      out.push({ name: `0x${code.toString(16)} of ${operands} operands`, price: opcode.price, bytes: chain(code, opcode, operands) })
  }
  return out
}

/** The reference: i32.add, each waiting for the one before. */
export function reference(): Uint8Array {
  return chain(OP.i32Add, opcodeOf(OP.i32Add) as Opcode, 'plain')
}
