/**
 * Where NaNs are made canonical. The oracle fixes the result of every arithmetic float instruction at once; here the fix waits, within a function, until
 * the bits could be seen: a store, a sign operation, a reinterpretation, a lane operation of another type, a call, a result, a global, a merge with
 * a value that must not be touched.
 *
 * Each value has a state, a set of what holds for it (`oracle` is its value under the oracle):
 *   EXACT    its bits are the oracle's
 *   AS32     the oracle's bits are its own, every NaN among its f32 lanes made canonical
 *   AS64     the same by f64 lanes
 * A loaded value is EXACT only, an arithmetic one AS32 or AS64 only, zero all of them. Where two meet, what holds for both holds.
 * Between straight lines a local has one state, its class, for the whole function: found by starting with the best and weakening until nothing changes.
 */
import { OP, type CoreModule, type NanFix } from '../../wasm/index.ts'
import { MARK, type FunctionCode, blockType, letterOf, Operands } from '../code/index.ts'
import { ABS, ALL, BLIND_LANES, constantState, CONVERSIONS, EXACT, fixOf, LANE_MOVES, LANES } from './nan-rules.ts'

/** Rounds of weakening before all classes become EXACT, which always holds. */
const ROUNDS = 6

/** Fixes before one instruction: of values on the stack, and of locals. */
export interface Fixes {
  readonly at: number
  /** Types of the values on top of the stack, from the lowest that is fixed; `kinds` says how each is fixed. */
  stack: string
  kinds: (NanFix | undefined)[]
  readonly locals: (readonly [local: number, fix: NanFix])[]
}

/** Finds the fixes of one function at a time. */
export class DelayedFixes {
  readonly #operands = new Operands(EXACT)
  #classes = new Uint8Array(0)
  #states = new Uint8Array(0)
  /** Read in a straight line that did not write it before: its value goes from line to line. */
  #exposed = new Uint8Array(0)
  #touched: number[] = []
  #changed = false
  #fixes: Fixes[] = []

  /** The fixes of a function that makes NaNs, in order of their place. */
  of(module: CoreModule, code: FunctionCode): readonly Fixes[] {
    const { locals, params } = code
    this.#classes = new Uint8Array(locals.length).fill(ALL)
    this.#classes.fill(EXACT, 0, params)
    this.#states = new Uint8Array(locals.length)
    this.#findExposed(code)
    for (let round = 0; ; round++) {
      this.#changed = false
      this.#walk(module, code)
      if (!this.#changed) return this.#fixes
      if (round === ROUNDS) this.#classes.fill(EXACT)
    }
  }

  #findExposed({ count, codes, imm, target, marks, locals, functionMarks }: FunctionCode): void {
    const exposed = new Uint8Array(locals.length)
    const written = new Uint32Array(locals.length)
    let line = 1
    for (let i = 0; i < count; i++) {
      if (((marks[i] as number) & MARK.dead) !== 0) {
        line++
        continue
      }
      const code = codes[i] as number
      const x = imm[i] as number
      if (code === OP.localGet) {
        if (written[x] !== line) exposed[x] = 1
      } else if (code === OP.localSet || code === OP.localTee) written[x] = line
      else if (isBoundary(code, target[i] as number, i, codes, marks, functionMarks)) line++
    }
    this.#exposed = exposed
  }

  #fixesAt(at: number): Fixes {
    const last = this.#fixes[this.#fixes.length - 1]
    if (last?.at === at) return last
    const made: Fixes = { at, stack: '', kinds: [], locals: [] }
    this.#fixes.push(made)
    return made
  }

  /** Of each of the `n` values on top one of `wanted` must hold, else it is fixed. Passes over `skip` values on top of those. */
  #need(i: number, n: number, wanted: number, skip = 0): void {
    const { types, marks, height, floor } = this.#operands
    const last = height - skip
    let lowest = Math.max(floor, last - n)
    while (lowest < last && ((marks[lowest] as number) & wanted) !== 0) lowest++
    if (lowest >= last) return
    const fixes = this.#fixesAt(i)
    // A second need of the same instruction may reach deeper than the first
    if (fixes.kinds.length < height - lowest) {
      const known = fixes.kinds
      fixes.kinds = Array.from({ length: height - lowest }, (_, k) => known[k - (height - lowest - known.length)])
      fixes.stack = Array.from({ length: height - lowest }, (_, k) => letterOf(types[lowest + k] as number)).join('')
    }
    for (let k = lowest; k < last; k++) {
      const state = marks[k] as number
      if ((state & wanted) !== 0) continue
      fixes.kinds[fixes.kinds.length - (height - k)] = fixOf(types[k] as number, state)
      marks[k] = state | EXACT
    }
  }

  /** The state of the value that lies `depth` below the top (1 is the top). */
  #state(depth: number): number {
    const { marks, height, floor } = this.#operands
    const at = height - depth
    return at < floor ? EXACT : (marks[at] as number)
  }

  #mark(state: number): void {
    this.#operands.marks[this.#operands.height - 1] = state
  }

  /** Control goes elsewhere, or comes from there: locals that were written are brought to their class. */
  #boundary(i: number): void {
    for (const x of this.#touched) {
      const state = this.#states[x] as number
      const known = this.#classes[x] as number
      if (state === 0 || this.#exposed[x] === 0) continue
      this.#states[x] = 0
      if ((known & ~state) === 0) continue
      // EXACT alone is the weakest class: there a value that is not is fixed
      const both = known & state
      if (known === EXACT || both === 0) {
        if (known !== EXACT) this.#changed = true
        this.#classes[x] = EXACT
        if ((state & EXACT) === 0) this.#fixesAt(i).locals.push([x, fixOf(this.#operands.locals[x] as number, state)])
        continue
      }
      this.#classes[x] = both
      this.#changed = true
    }
    this.#forget()
  }

  #forget(): void {
    for (const x of this.#touched) this.#states[x] = 0
    this.#touched.length = 0
  }

  #local(x: number): number {
    const state = this.#states[x] as number
    return state === 0 ? (this.#classes[x] as number) : state
  }

  #write(x: number, state: number): void {
    if (this.#states[x] === 0) this.#touched.push(x)
    this.#states[x] = state
  }

  #walk(module: CoreModule, code: FunctionCode): void {
    const { count, codes, imm, opcodes, target, marks, at, functionMarks } = code
    const operands = this.#operands
    const results = code.body?.type.results.length ?? 0
    operands.reset(code.locals, code.body?.type.results ?? '')
    this.#fixes = []
    this.#forget()
    for (let i = 0; i < count; i++) {
      const op = codes[i] as number
      const opcode = opcodes[i] as (typeof opcodes)[number]
      const x = imm[i] as number
      if (((marks[i] as number) & MARK.dead) !== 0) {
        this.#forget()
        operands.apply(module, op, opcode, x)
        continue
      }
      if (opcode.signature !== '*') {
        const { nan, pops } = opcode
        let state = EXACT
        if (nan !== undefined) {
          this.#need(i, pops, EXACT | LANES[nan])
          state = LANES[nan]
        } else if (pops > 0) {
          const move = LANE_MOVES.get(op)
          if (move !== undefined) {
            const [n, lanes] = move
            this.#need(i, n, EXACT | lanes)
            state = this.#meet(i, n) & (EXACT | lanes)
          } else {
            this.#need(i, pops, EXACT | (BLIND_LANES[op] as number))
            state |= CONVERSIONS.get(op) ?? (ABS.get(op) ?? 0) & this.#state(1)
          }
        } else if (op === OP.f32Const) state = constantState(module.bytes, (at[i] as number) + 1, 4)
        else if (op === OP.f64Const) state = constantState(module.bytes, (at[i] as number) + 1, 8)
        else if (op === OP.v128Const) state = constantState(module.bytes, (at[i + 1] as number) - 16, 16)
        operands.apply(module, op, opcode, x)
        if (opcode.push !== '') this.#mark(state)
        continue
      }
      let state = EXACT
      switch (op) {
        case OP.localGet:
          operands.apply(module, op, opcode, x)
          this.#mark(this.#local(x))
          continue
        case OP.localSet:
        case OP.localTee:
          state = this.#state(1)
          this.#write(x, state)
          operands.apply(module, op, opcode, x)
          if (op === OP.localTee) this.#mark(state)
          continue
        case OP.select:
        case OP.selectTyped:
          state = this.#meet(i, 2, 1)
          operands.apply(module, op, opcode, x)
          this.#mark(state)
          continue
        case OP.globalSet:
          this.#need(i, 1, EXACT)
          break
        case OP.call:
          this.#need(i, module.functions[x]?.params.length ?? 0, EXACT)
          break
        case OP.callIndirect:
          this.#need(i, module.types[x]?.params.length ?? 0, EXACT, 1)
          break
        case OP.block:
        case OP.loop:
          this.#need(i, blockType(module, x).params.length, EXACT)
          break
        case OP.if:
          this.#need(i, blockType(module, x).params.length, EXACT, 1)
          break
        case OP.else:
        case OP.end:
          this.#need(i, operands.controls[operands.controls.length - 1]?.type.results.length ?? 0, EXACT)
          break
        case OP.return:
          this.#need(i, results, EXACT)
          break
        case OP.br:
        case OP.brIf:
        case OP.brTable:
          // Every target of a br_table takes the same number of values
          this.#need(i, this.#taken(module, code, i), EXACT, op === OP.br ? 0 : 1)
          break
      }
      if (op === OP.return || op === OP.unreachable || ((op === OP.br || op === OP.end) && (target[i] as number) < 0)) this.#forget()
      else if (isBoundary(op, target[i] as number, i, codes, marks, functionMarks)) this.#boundary(i)
      operands.apply(module, op, opcode, x)
    }
  }

  /** What holds for all of the `n` values below `skip`; where nothing does, those that are not EXACT are fixed. */
  #meet(i: number, n: number, skip = 0): number {
    const meet = (): number => {
      let state = ALL
      for (let k = 1; k <= n; k++) state &= this.#state(skip + k)
      return state
    }
    const state = meet()
    if (state !== 0) return state
    this.#need(i, n, EXACT, skip)
    return meet()
  }

  /** Values that a branch takes along. */
  #taken(module: CoreModule, { imm, target, codes, body }: FunctionCode, i: number): number {
    const to = target[i] as number
    if (to < 0) return body?.type.results.length ?? 0
    const type = blockType(module, imm[to] as number)
    return codes[to] === OP.loop ? type.params.length : type.results.length
  }
}

/** True where a straight line ends or another flows in. */
function isBoundary(
  code: number,
  target: number,
  i: number,
  codes: FunctionCode['codes'],
  marks: FunctionCode['marks'],
  functionMarks: number,
): boolean {
  switch (code) {
    case OP.loop:
      return ((marks[i] as number) & (MARK.plainTarget | MARK.choiceTarget)) !== 0
    case OP.if:
    case OP.else:
    case OP.br:
    case OP.brIf:
    case OP.brTable:
    case OP.return:
    case OP.unreachable:
      return true
    case OP.end:
      if (target < 0) return functionMarks !== 0
      return codes[target] !== OP.loop && ((marks[target] as number) & (MARK.plainTarget | MARK.choiceTarget)) !== 0
  }
  return false
}
