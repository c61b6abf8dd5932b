/** Walks the instructions of a function without allocating; refuses what is not in the opcode table. */
import { atMost, invalid, type Rule } from './invalid.ts'
import type { Body, CoreModule } from './model.ts'
import { valueType } from './module.ts'
import { FORM, OP, opcodeOf, type Opcode } from './opcodes.ts'
import { Reader } from './reader.ts'

/** Blocks without a type index: no result, or one of a letter. */
export type BlockType = number | string

function ruleOf(code: number): readonly [Rule, string] {
  if (code >> 8 === 0xfe) return ['threads', 'atomic instructions are not allowed']
  if (code >> 8 === 0xfb) return ['gc', 'GC instructions are not allowed']
  if ((code >= 0x06 && code <= 0x0a) || (code >= 0x18 && code <= 0x19) || code === 0x1f) return ['exceptions', 'exceptions are not allowed']
  if (code === 0x12 || code === 0x13 || code === 0x15) return ['tail-calls', 'tail calls are not allowed']
  if (code === 0x14 || (code >= 0xd3 && code <= 0xd6)) return ['gc', 'typed function references are not allowed']
  return ['opcode', `the instruction 0x${code.toString(16)} is not allowed`]
}

export class Instructions {
  /** Opcode of the present instruction; prefixed ones as in the opcode table. */
  code = 0
  opcode: Opcode = opcodeOf(OP.unreachable) as Opcode
  /** The instruction is bytes[at .. next]. */
  at = 0
  /** First index immediate (label, function, local, global, table, type). */
  index = 0
  block: BlockType = ''
  /** Labels of a br_table, the default last. */
  readonly labels: number[] = []
  /** Letter of a typed select or a null reference. */
  letter = ''
  /** Blocks open behind this instruction, the function's own counted. */
  depth = 1
  readonly #r: Reader
  readonly #function: number

  constructor(module: CoreModule, body: Body) {
    this.#r = new Reader(module.bytes, module.origin, body.start, body.end)
    this.#function = body.index
  }

  get next(): number {
    return this.#r.at
  }

  #refuse(rule: Rule, message: string): Error {
    return invalid(rule, this.#r.origin + this.at, message, this.#function)
  }

  /** Goes to the next instruction; false behind the function's `end`. */
  step(): boolean {
    const r = this.#r
    if (this.depth === 0) {
      if (!r.done) throw this.#refuse('format', 'bytes follow the end of the function')
      return false
    }
    const { bytes, end } = r
    const at = r.at
    this.at = at
    if (at >= end) throw r.fail('the bytes end early')
    let code = bytes[at] as number
    r.at = at + 1
    if (code >= 0xfb && code <= 0xfe) {
      const number = r.u32()
      if (number > 0xff) {
        if (code === 0xfd) throw this.#refuse('relaxed-simd', 'relaxed SIMD is not allowed')
        throw this.#refuse('opcode', `the instruction 0x${code.toString(16)} ${number} is not allowed`)
      }
      code = code * 256 + number
    }
    const opcode = opcodeOf(code)
    if (opcode === undefined) throw this.#refuse(...ruleOf(code))
    this.code = code
    this.opcode = opcode
    const { form } = opcode
    if (form === FORM.none) {
      if (code === OP.end) this.depth--
      return true
    }
    // Immediates of one byte each, which most are
    const next = r.at
    if (form === FORM.index) {
      if (next < end && (bytes[next] as number) < 128) {
        this.index = bytes[next] as number
        r.at = next + 1
      } else this.index = r.u32()
      return true
    }
    if (form === FORM.constant && next < end && (bytes[next] as number) < 128) {
      r.at = next + 1
      return true
    }
    if (form === FORM.memarg && next + 1 < end && (bytes[next] as number) < 64 && (bytes[next + 1] as number) < 128) {
      r.at = next + 2
      return true
    }
    this.#immediate(r, opcode)
    return true
  }

  #immediate(r: Reader, opcode: Opcode): void {
    switch (opcode.immediate) {
      case 'block': {
        const byte = r.bytes[r.at]
        if (byte === 0x40) {
          r.skip(1)
          this.block = ''
        } else if (byte !== undefined && (byte & 0xc0) === 0x40) this.block = valueType(r)
        else {
          const index = Number(r.signed(33))
          if (index < 0) throw this.#refuse('format', 'bad block type')
          this.block = index
        }
        this.depth++
        atMost('moduleBlockDepth', this.depth - 1, r.origin + this.at, 'nested blocks', this.#function)
        return
      }
      case 'labels': {
        const n = r.count()
        this.labels.length = 0
        for (let i = 0; i <= n; i++) this.labels.push(r.u32())
        return
      }
      case 'indirect':
        this.index = r.u32()
        if (r.u32() !== 0) throw this.#refuse('multi-memory', 'a table other than 0 is not allowed')
        return
      case 'memarg':
        return this.#memarg(r)
      case 'memargLane':
        this.#memarg(r)
        r.u8()
        return
      case 'memory':
        return this.#memory(r)
      case 'memories':
        this.#memory(r)
        return this.#memory(r)
      case 'dataMemory':
        this.index = r.u32()
        return this.#memory(r)
      case 'elemTable':
      case 'tables':
        this.index = r.u32()
        r.u32()
        return
      case 'i32':
        return r.skipLeb(5)
      case 'i64':
        return r.skipLeb(10)
      case 'f32':
        return r.skip(4)
      case 'f64':
        return r.skip(8)
      case 'bytes16':
        return r.skip(16)
      case 'lane':
        return r.skip(1)
      case 'type':
        this.letter = valueType(r)
        return
      case 'types':
        if (r.u32() !== 1) throw this.#refuse('format', 'a select has one type')
        this.letter = valueType(r)
        return
      default:
        this.index = r.u32()
    }
  }

  #memarg(r: Reader): void {
    const align = r.u32()
    if (align >= 64) throw this.#refuse('multi-memory', 'a memory other than 0 is not allowed')
    r.u32()
  }

  /** One zero byte (core specification 2.0, 5.4.6): longer forms of zero are of a proposal that is not allowed. */
  #memory(r: Reader): void {
    const byte = r.u8()
    if (byte > 127) throw this.#refuse('format', 'the place of a memory is one zero byte')
    if (byte !== 0) throw this.#refuse('multi-memory', 'a memory other than 0 is not allowed')
  }
}
