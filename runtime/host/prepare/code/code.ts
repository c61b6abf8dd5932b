/** One function decoded: its instructions in arrays, where control goes, what its frame weighs. */
import { FORM, Instructions, OP, type Body, type CoreModule, type Opcode } from '../../wasm/index.ts'
import { Operands, typeOf, weightOf } from './operands.ts'

/** Marks of an instruction. */
export const MARK = {
  /** A block, loop or if (or the function, at index 0 of `functionMarks`) that a `br` that can be reached goes to. */
  plainTarget: 1,
  /** The same of a br_if or br_table. */
  choiceTarget: 2,
  /** Cannot be reached. */
  dead: 4,
} as const

/** Bytes that a frame weighs without its values. */
export const FRAME = 64

interface Open {
  /** Index of the block's instruction, -1 of the function. */
  readonly at: number
  /** The block can be entered. */
  readonly live: boolean
  hasElse: boolean
}

/**
 * The instructions of one function at a time; the arrays are used again for the next.
 * `at[i]` is the offset of instruction i (`at[count]` where they end), `imm[i]` its index immediate, its label, its block type (a type index, or -1 - the
 * number of the result type) or the number of a typed select's type; `target[i]` the instruction of the block that a branch goes to, -1 for the function.
 */
export class FunctionCode {
  count = 0
  codes = new Uint16Array(1_024)
  at = new Uint32Array(1_025)
  imm = new Int32Array(1_024)
  target = new Int32Array(1_024)
  marks = new Uint8Array(1_024)
  opcodes: Opcode[] = []
  /** Types of parameters and locals. */
  locals: Uint8Array<ArrayBufferLike> = new Uint8Array(0)
  params = 0
  /** Bytes that a frame weighs: 64, and 8 a scalar and 16 a vector, of parameters, locals and the operand stack at its highest. */
  weight = 0
  /** Marks of the function's own label. */
  functionMarks = 0
  /** A branch names the function's own label, be it one that cannot be reached: engines check its types all the same. */
  leaves = false
  /** A float instruction may give a NaN of its own making. */
  makesNan = false
  body: Body | undefined
  readonly #operands = new Operands()
  readonly #open: Open[] = []
  #live = true

  #grow(): void {
    const size = this.codes.length * 2
    const copy = <T extends Uint8Array | Uint16Array | Uint32Array | Int32Array>(to: T, from: T): T => {
      to.set(from)
      return to
    }
    this.codes = copy(new Uint16Array(size), this.codes)
    this.at = copy(new Uint32Array(size + 1), this.at)
    this.imm = copy(new Int32Array(size), this.imm)
    this.target = copy(new Int32Array(size), this.target)
    this.marks = copy(new Uint8Array(size), this.marks)
  }

  #localTypes(body: Body): void {
    const { params } = body.type
    this.params = params.length
    const locals = new Uint8Array(params.length + body.localCount)
    let at = 0
    let weight = 0
    for (; at < params.length; at++) weight += weightOf((locals[at] = typeOf(params.charAt(at))))
    for (const [n, letter] of body.locals) {
      const type = typeOf(letter)
      locals.fill(type, at, at + n)
      at += n
      weight += n * weightOf(type)
    }
    this.locals = locals
    this.weight = FRAME + weight
  }

  /** Decodes a function. Throws `guest_invalid` at an instruction that no guest may use. */
  read(module: CoreModule, body: Body): this {
    this.body = body
    this.#localTypes(body)
    this.count = 0
    this.functionMarks = 0
    this.leaves = false
    this.makesNan = false
    this.#live = true
    this.#open.length = 0
    this.#open.push({ at: -1, live: true, hasElse: true })
    const operands = this.#operands
    operands.reset(this.locals, body.type.results)
    const walk = new Instructions(module, body)
    const { opcodes } = this
    while (walk.step()) {
      const i = this.count++
      if (i === this.codes.length) this.#grow()
      const { code, opcode } = walk
      this.codes[i] = code
      this.at[i] = walk.at
      opcodes[i] = opcode
      let imm = 0
      if (opcode.form === FORM.index) imm = walk.index
      else if (opcode.form === FORM.other) {
        const { immediate } = opcode
        if (immediate === 'block') imm = typeof walk.block === 'number' ? walk.block : walk.block === '' ? -1 : -1 - typeOf(walk.block)
        else if (immediate === 'types' || immediate === 'type') imm = typeOf(walk.letter)
        else imm = walk.index
      }
      this.imm[i] = imm
      this.marks[i] = this.#live ? 0 : MARK.dead
      if (opcode.nan !== undefined) this.makesNan = true
      if (opcode.signature === '*') this.#control(i, code, imm, walk.labels)
      operands.apply(module, code, opcode, imm)
    }
    this.at[this.count] = walk.next
    this.weight += operands.peak
    return this
  }

  #branch(i: number, label: number, mark: number): void {
    const open = this.#open[this.#open.length - 1 - label]
    const at = open === undefined ? -1 : open.at
    this.target[i] = at
    if (at < 0) this.leaves = true
    if (!this.#live) return
    if (at < 0) this.functionMarks |= mark
    else this.marks[at] = (this.marks[at] as number) | mark
  }

  #control(i: number, code: number, imm: number, labels: readonly number[]): void {
    switch (code) {
      case OP.block:
      case OP.loop:
      case OP.if:
        this.#open.push({ at: i, live: this.#live, hasElse: false })
        return
      case OP.else: {
        const open = this.#open[this.#open.length - 1]
        if (open === undefined) return
        this.target[i] = open.at
        // The end can be reached from the first arm: as if by a branch
        if (this.#live) this.marks[open.at] = (this.marks[open.at] as number) | MARK.choiceTarget
        open.hasElse = true
        this.#live = open.live
        return
      }
      case OP.end: {
        const open = this.#open.pop()
        if (open === undefined) return
        this.target[i] = open.at
        if (open.at < 0) return
        const isIf = this.codes[open.at] === OP.if
        if (isIf && !open.hasElse && open.live) this.marks[open.at] = (this.marks[open.at] as number) | MARK.choiceTarget
        const targeted = ((this.marks[open.at] as number) & (MARK.plainTarget | MARK.choiceTarget)) !== 0
        this.#live ||= this.codes[open.at] !== OP.loop && targeted
        return
      }
      case OP.br:
        this.#branch(i, imm, MARK.plainTarget)
        this.#live = false
        return
      case OP.brIf:
        return this.#branch(i, imm, MARK.choiceTarget)
      case OP.brTable:
        for (const label of labels) this.#branch(i, label, MARK.choiceTarget)
        this.#live = false
        return
      case OP.return:
      case OP.unreachable:
        this.#live = false
    }
  }
}
