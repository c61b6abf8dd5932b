/** Straight lines of a function and what they cost: where the optimised scheme charges, and where it looks at the counter. */
import { LIMITS, type WasmPrices } from '../../../core/index.ts'
import { OP, pricesByCode } from '../../wasm/index.ts'
import { MARK, type FunctionCode } from './code.ts'

/** Locals that are zeroed for the price of one instruction. */
const LOCALS_PER_CHARGE = 4

/** Entering a function pays for its declared locals, which are zeroed. */
export const localsPrice = (localCount: number, prices: WasmPrices): number => Math.floor(localCount / LOCALS_PER_CHARGE) * prices.base

/** The instructions behind which a straight line ends in the naive scheme. */
export const ENDS: ReadonlySet<number> = new Set([OP.loop, OP.if, OP.else, OP.end, OP.br, OP.brIf, OP.brTable, OP.return, OP.unreachable])

/** Charges of one function, in order of their place. Before instruction `at[k]` `cost[k]` is charged, and the counter is looked at where `check[k]`. */
export class Charges {
  count = 0
  /** Charges with a look at the counter. */
  checks = 0
  at = new Int32Array(256)
  cost = new Float64Array(256)
  check = new Uint8Array(256)

  add(at: number, cost: number, check: boolean): void {
    if (this.count === this.at.length) {
      const grow = <T extends Int32Array | Float64Array | Uint8Array>(to: T, from: T): T => {
        to.set(from)
        return to
      }
      const size = this.count * 2
      this.at = grow(new Int32Array(size), this.at)
      this.cost = grow(new Float64Array(size), this.cost)
      this.check = grow(new Uint8Array(size), this.check)
    }
    this.at[this.count] = at
    this.cost[this.count] = cost
    this.check[this.count++] = check ? 1 : 0
    if (check) this.checks++
  }

  /** Has the counter looked at with the charge at a place, too. */
  look(k: number): void {
    if (this.check[k] === 0) this.checks++
    this.check[k] = 1
  }
}

/** The segment behind which no other surely follows. */
const NONE = -1
const targeted = (marks: number): boolean => (marks & (MARK.plainTarget | MARK.choiceTarget)) !== 0

/**
 * The optimised scheme. A run pays what it pays in the naive one; the counter is looked at when a function is entered (the first charge, always at
 * instruction 0), once in every turn of a loop, and wherever more than `creditGas` may have been charged without a look: that is what is run on credit.
 *
 * A loop is pushed when its back edges are plain branches and its first segment does not end in one: that segment is then paid for by the segments that
 * lead into it, which makes one charge and one look of a turn. The end of a loop, and of a block that nothing branches to, does not end a segment.
 */
export class Segments {
  readonly charges = new Charges()
  #start = new Int32Array(256)
  #cost = new Float64Array(256)
  /** The loop that the segment leads into, by falling or by its back edge. */
  #next = new Int32Array(256)
  #back = new Uint8Array(256)
  #header = new Int32Array(256)
  #count = 0
  /** By instruction of a loop: the segment that it begins with. */
  readonly #headers = new Map<number, number>()

  #open(at: number, header: number): void {
    if (this.#count === this.#start.length) {
      const grow = <T extends Int32Array | Float64Array | Uint8Array>(to: T, from: T): T => {
        to.set(from)
        return to
      }
      const size = this.#count * 2
      this.#start = grow(new Int32Array(size), this.#start)
      this.#cost = grow(new Float64Array(size), this.#cost)
      this.#next = grow(new Int32Array(size), this.#next)
      this.#back = grow(new Uint8Array(size), this.#back)
      this.#header = grow(new Int32Array(size), this.#header)
    }
    const k = this.#count++
    this.#start[k] = at
    this.#cost[k] = 0
    this.#next[k] = NONE
    this.#back[k] = 0
    this.#header[k] = header
    if (header !== NONE) this.#headers.set(header, k)
  }

  #split({ count, codes, target, marks, body }: FunctionCode, prices: WasmPrices): void {
    const byCode = pricesByCode(prices)
    this.#count = 0
    this.#headers.clear()
    this.#open(0, NONE)
    let cost = localsPrice(body?.localCount ?? 0, prices)
    let open = true
    const close = (): void => {
      if (open) this.#cost[this.#count - 1] = cost
      cost = 0
      open = false
    }
    const begin = (at: number, header = NONE): void => {
      this.#open(at, header)
      open = true
    }
    for (let i = 0; i < count; i++) {
      const code = codes[i] as number
      const dead = ((marks[i] as number) & MARK.dead) !== 0
      if (dead) {
        // What begins again behind an end or an else is told by the next instruction
        const next = i + 1 < count && ((marks[i + 1] as number) & MARK.dead) === 0
        if (next && !open) begin(i + 1)
        continue
      }
      cost += byCode[code] as number
      const last = this.#count - 1
      switch (code) {
        case OP.loop:
          if (!targeted(marks[i] as number)) break
          close()
          this.#next[last] = i
          begin(i + 1, i)
          break
        case OP.br: {
          const to = target[i] as number
          close()
          if (to >= 0 && codes[to] === OP.loop) {
            this.#next[last] = to
            this.#back[last] = 1
          }
          break
        }
        case OP.if:
        case OP.brIf:
          close()
          begin(i + 1)
          break
        case OP.else:
          close()
          if (((marks[i + 1] as number) & MARK.dead) === 0) begin(i + 1)
          break
        case OP.end: {
          const from = target[i] as number
          if (from < 0) close()
          else if (codes[from] !== OP.loop && targeted(marks[from] as number)) {
            close()
            begin(i + 1)
          }
          break
        }
        case OP.brTable:
        case OP.return:
        case OP.unreachable:
          close()
          break
      }
      if (!open && i + 1 < count && ((marks[i + 1] as number) & MARK.dead) === 0) begin(i + 1)
    }
    close()
  }

  /**
   * Looks at the counter wherever more than `creditGas` may have been charged without a look. Between two looks control only goes on, since each turn of
   * a loop has one: so the most that was charged on any way to an instruction is known when those before it were gone through.
   */
  #limitCredit({ count, codes, target }: FunctionCode): void {
    const { charges } = this
    /** By instruction of a block: what was charged at most on a way that leaves it, and on one that passes by its `else` or its end. */
    const left = new Float64Array(count)
    const passed = new Float64Array(count)
    /** Of branch tables in it, which may lead to its end or to that of any around it. */
    const tables = new Float64Array(count)
    const open: number[] = []
    let credit = 0
    let k = 0
    for (let i = 0; i < count; i++) {
      for (; k < charges.count && charges.at[k] === i; k++) {
        credit += charges.cost[k] as number
        if (credit > LIMITS.creditGas) charges.look(k)
        if (charges.check[k] === 1) credit = 0
      }
      const to = target[i] as number
      switch (codes[i]) {
        case OP.if:
          passed[i] = credit
          open.push(i)
          break
        case OP.block:
        case OP.loop:
          open.push(i)
          break
        case OP.else:
          left[to] = Math.max(left[to] as number, credit)
          credit = passed[to] as number
          passed[to] = 0
          break
        case OP.end: {
          open.pop()
          if (to < 0) break
          const outer = open.at(-1)
          if (outer !== undefined) tables[outer] = Math.max(tables[outer] as number, tables[to] as number)
          credit = Math.max(credit, left[to] as number, passed[to] as number, tables[to] as number)
          break
        }
        case OP.br:
        case OP.brIf:
          if (to >= 0) left[to] = Math.max(left[to] as number, credit)
          if (codes[i] === OP.br) credit = 0
          break
        case OP.brTable: {
          const inner = open.at(-1)
          if (inner !== undefined) tables[inner] = Math.max(tables[inner] as number, credit)
          credit = 0
          break
        }
        case OP.return:
        case OP.unreachable:
          credit = 0
      }
    }
  }

  /** The charges of a function, valid until the next. */
  of(code: FunctionCode, prices: WasmPrices): Charges {
    this.#split(code, prices)
    const { charges } = this
    charges.count = 0
    charges.checks = 0
    const pushed = (loop: number): number => {
      const header = this.#headers.get(loop) as number
      const choice = ((code.marks[loop] as number) & MARK.choiceTarget) !== 0
      return choice || this.#back[header] === 1 ? NONE : header
    }
    // A first segment leads on only by falling into a loop further on: from the last to the first, each finds its successor's cost complete
    const total = this.#cost
    for (let pass = 0; pass < 2; pass++) {
      for (let k = this.#count - 1; k >= 0; k--) {
        const isHeader = this.#header[k] !== NONE && pushed(this.#header[k] as number) === k
        if (isHeader !== (pass === 0) || this.#next[k] === NONE) continue
        const next = pushed(this.#next[k] as number)
        if (next !== NONE) total[k] = (total[k] as number) + (total[next] as number)
      }
    }
    let unseen = 0
    for (let k = 0; k < this.#count; k++) {
      const header = this.#header[k] as number
      const paid = header !== NONE && pushed(header) === k
      // A pushed loop is looked at where its turn ends, any other where it begins
      const check = paid ? false : header !== NONE || (this.#back[k] === 1 && pushed(this.#next[k] as number) !== NONE)
      const cost = paid ? 0 : (total[k] as number)
      if (k > 0 && !check) unseen += cost
      if (k === 0 || cost > 0 || check) charges.add(this.#start[k] as number, cost, k === 0 || check)
    }
    if (unseen > LIMITS.creditGas) this.#limitCredit(code)
    return charges
  }
}
