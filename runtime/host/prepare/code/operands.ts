/** The operand stack as the specification's validation algorithm sees it (appendix 7.3). The module is valid already, so nothing is checked. */
import { OP, type CoreModule, type FuncType, type Opcode } from '../../wasm/index.ts'

/** Value types as numbers: 0 where any type may stand (unreachable code). */
export const TYPE = { any: 0, i32: 1, i64: 2, f32: 3, f64: 4, v128: 5, funcref: 6, externref: 7 } as const
const LETTERS = ' ilfdvre'

/** Number of a value type's letter, and back. */
const NUMBERS = new Uint8Array(128)
for (let type = 1; type < LETTERS.length; type++) NUMBERS[LETTERS.charCodeAt(type)] = type
const typeAt = (letters: string, i: number): number => NUMBERS[letters.charCodeAt(i)] as number
/** A value type as the number that `Operands` keeps, and back; the empty letter is any type. */
export const typeOf = (letter: string): number => (letter === '' ? TYPE.any : typeAt(letter, 0))
export const letterOf = (type: number): string => LETTERS.charAt(type)

/** Bytes that a value weighs in a frame. */
export const weightOf = (type: number): number => (type === TYPE.v128 ? 16 : 8)

const NO_TYPE: FuncType = { params: '', results: '' }
const RESULT_OF: ReadonlyMap<string, FuncType> = new Map(
  ['', ...LETTERS.slice(1)].map((results) => [results, { params: '', results }] as const),
)

/** A block's type is a type index, or -1 - the number of its one result (0 for none). */
export function blockType(module: CoreModule, block: number): FuncType {
  if (block >= 0) return module.types[block] ?? NO_TYPE
  return RESULT_OF.get(block === -1 ? '' : letterOf(-1 - block)) ?? NO_TYPE
}

interface Control {
  readonly height: number
  readonly type: FuncType
}

function grown(array: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bigger = new Uint8Array(array.length * 2)
  bigger.set(array)
  return bigger
}

/** Types of the values on the stack, each with a mark that a pass may set; a value is pushed with the mark that `fresh` says. */
export class Operands {
  types = new Uint8Array(256)
  marks = new Uint8Array(256)
  height = 0
  /** Height at which the innermost block began. */
  floor = 0
  #weight = 0
  /** The greatest weight so far. */
  peak = 0
  readonly controls: Control[] = []
  locals: Uint8Array = new Uint8Array(0)
  readonly #fresh: number

  constructor(fresh = 0) {
    this.#fresh = fresh
  }

  reset(locals: Uint8Array, results: string): void {
    this.height = 0
    this.floor = 0
    this.#weight = 0
    this.peak = 0
    this.locals = locals
    this.controls.length = 0
    this.controls.push({ height: 0, type: { params: '', results } })
  }

  push(type: number): void {
    if (this.height === this.types.length) {
      this.types = grown(this.types)
      this.marks = grown(this.marks)
    }
    this.marks[this.height] = this.#fresh
    this.types[this.height++] = type
    this.#weight += weightOf(type)
    if (this.#weight > this.peak) this.peak = this.#weight
  }

  pushAll(letters: string): void {
    for (let i = 0; i < letters.length; i++) this.push(typeAt(letters, i))
  }

  /** The type on top; in unreachable code there may be none. */
  pop(): number {
    if (this.height <= this.floor) return TYPE.any
    const type = this.types[--this.height] as number
    this.#weight -= weightOf(type)
    return type
  }

  popMany(n: number): void {
    for (let i = 0; i < n; i++) this.pop()
  }

  #cut(height: number): void {
    while (this.height > height) this.#weight -= weightOf(this.types[--this.height] as number)
  }

  #open(type: FuncType): void {
    this.popMany(type.params.length)
    this.floor = this.height
    this.controls.push({ height: this.height, type })
    this.pushAll(type.params)
  }

  /** What an instruction does to the stack; `imm` is its index, its block type or the number of its type. */
  apply(module: CoreModule, code: number, opcode: Opcode, imm: number): void {
    if (opcode.signature !== '*') {
      this.popMany(opcode.pops)
      // The table of opcodes calls every reference r
      if (code === OP.refNull) this.push(imm)
      else if (code === OP.tableGet) this.push(module.tables[imm]?.reference === 0x6f ? TYPE.externref : TYPE.funcref)
      else if (opcode.push !== '') this.push(typeAt(opcode.push, 0))
      return
    }
    switch (code) {
      case OP.localGet:
        this.push(this.locals[imm] ?? TYPE.any)
        return
      case OP.localTee:
        this.pop()
        this.push(this.locals[imm] ?? TYPE.any)
        return
      case OP.brIf:
      case OP.drop:
      case OP.localSet:
      case OP.globalSet:
        this.pop()
        return
      case OP.if:
        this.pop()
        this.#open(blockType(module, imm))
        return
      case OP.block:
      case OP.loop:
        this.#open(blockType(module, imm))
        return
      case OP.else:
        this.#cut(this.floor)
        this.pushAll(this.controls[this.controls.length - 1]?.type.params ?? '')
        return
      case OP.end: {
        this.#cut(this.floor)
        const closed = this.controls.pop()
        this.floor = this.controls[this.controls.length - 1]?.height ?? 0
        this.pushAll(closed?.type.results ?? '')
        return
      }
      case OP.unreachable:
      case OP.br:
      case OP.return:
      case OP.brTable:
        this.#cut(this.floor)
        return
      case OP.call: {
        const type = module.functions[imm] ?? NO_TYPE
        this.popMany(type.params.length)
        this.pushAll(type.results)
        return
      }
      case OP.callIndirect: {
        this.pop()
        const type = module.types[imm] ?? NO_TYPE
        this.popMany(type.params.length)
        this.pushAll(type.results)
        return
      }
      case OP.select: {
        this.pop()
        const b = this.pop()
        const a = this.pop()
        this.push(b === TYPE.any ? a : b)
        return
      }
      case OP.selectTyped:
        this.popMany(3)
        this.push(imm)
        return
      case OP.globalGet:
        this.push(typeOf(module.globals[imm]?.type ?? 'i'))
    }
  }
}
