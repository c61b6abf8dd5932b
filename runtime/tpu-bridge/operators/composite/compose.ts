/** An operator made of others: their lowerings one after another, with temporaries in between. */
import { DTYPES, elementCount, UtnetError, type Dtype } from '../../../core/index.ts'
import type { Attribute } from '../../graph/index.ts'
import { ELEMENTWISE } from '../elementwise/index.ts'
import { LAYOUT, copyStep, fillStep, stridesOf } from '../layout/index.ts'
import { LINEAR } from '../linear/index.ts'
import type { LowerContext, Lowered, Lowering, LowerInput, Operand, Step, ValueType } from '../lowering.ts'
import { input, output, temp } from '../operands.ts'

const PARTS: ReadonlyMap<string, Lowering> = new Map([...LINEAR, ...ELEMENTWISE, ...LAYOUT])

/** A value within a composition: an input, or what lies in a temporary. */
export interface Part extends ValueType {
  readonly operand: Operand
  /** Its bytes where they are known when lowering; asking for those of an input is a guard, as everywhere. */
  readonly value: () => Uint8Array
}

export const int = (value: number): Attribute => ({ kind: 'int', value })
export const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value })

/** Operator set that parts are lowered for where none is given. */
const OPSET = 22

export class Composition {
  readonly #context: LowerContext
  readonly #temps: number[] = []
  readonly #steps: Step[] = []
  #cost = 0

  constructor(context: LowerContext) {
    this.#context = context
  }

  /** The input of that place; undefined for one left out. */
  optional(index: number): Part | undefined {
    const found = this.#context.inputs[index]
    return found && { operand: input(index), dtype: found.dtype, shape: found.shape, value: () => found.value() }
  }

  /** The input of that place. Throws `model_invalid` where it was left out. */
  given(index: number): Part {
    const found = this.optional(index)
    if (found === undefined) throw new UtnetError('model_invalid', `${this.#context.node.op} lacks input ${index}`)
    return found
  }

  /** The first output of an operator. Constness is not passed on: what is made in between is packed beforehand by nobody. */
  op(op: string, given: readonly (Part | undefined)[], attributes: Readonly<Record<string, Attribute>> = {}, opset = OPSET): Part {
    const lowering = PARTS.get(op)
    if (lowering === undefined) throw new UtnetError('operator_unsupported', `${this.#context.node.op} needs ${op}`)
    const lowered = lowering({
      node: {
        name: '',
        op,
        domain: '',
        inputs: given.map((part, i) => (part === undefined ? '' : `i${i}`)),
        outputs: ['o'],
        attributes: new Map(Object.entries(attributes)),
      },
      opset,
      inputs: given.map((part): LowerInput | undefined => part && { ...part, constant: false }),
      wanted: [true],
    })
    this.#cost += lowered.cost
    const type = lowered.outputs[0] as ValueType
    const alias = lowered.aliases?.find(([out]) => out === 0)
    if (alias !== undefined) return { ...(given[alias[1]] as Part), ...type }
    const known = lowered.known?.get(0)
    if (known !== undefined) return this.#uniform(type, known)
    const base = this.#temps.length
    this.#temps.push(...lowered.temps)
    const made = this.room(type)
    const placed = (operand: Operand): Operand => {
      if (operand === null) return null
      if (operand.of === 'input') return given[operand.index]?.operand ?? null
      return operand.of === 'temp' ? temp(base + operand.index) : made.operand
    }
    for (const { kernel, operands, params, shared } of lowered.steps) this.run({ kernel, operands: operands.map(placed), params, shared })
    return made
  }

  /** Room for a value that steps of its own write. */
  room(type: ValueType): Part {
    const bytes = elementCount(type.shape, `a value of ${this.#context.node.op}`) * DTYPES[type.dtype]
    const index = this.#temps.push(bytes) - 1
    const unknown = (): never => {
      throw new UtnetError('operator_unsupported', `${this.#context.node.op}: a shape hangs on what is made in between`)
    }
    return { dtype: type.dtype, shape: type.shape, operand: temp(index), value: unknown }
  }

  run(step: Step, cost = 0): void {
    this.#steps.push(step)
    this.#cost += cost
  }

  /** One value everywhere, by the bytes of an element. */
  full(dtype: Dtype, shape: readonly number[], element: Uint8Array): Part {
    const made = this.room({ dtype, shape })
    const words = new Uint8Array(8)
    words.set(element)
    const [low = 0, high = 0] = new Int32Array(words.buffer)
    const count = elementCount(shape, `a value of ${this.#context.node.op}`)
    for (const step of fillStep(DTYPES[dtype], made.operand, count, [low, high])) this.run(step)
    return { ...made, value: () => repeated(element, count) }
  }

  /** A list or scalar of f32 everywhere the same. */
  float(value: number, shape: readonly number[] = []): Part {
    return this.full('f32', shape, new Uint8Array(Float32Array.of(value).buffer))
  }

  long(value: number, shape: readonly number[] = []): Part {
    return this.full('s64', shape, new Uint8Array(BigInt64Array.of(BigInt(value)).buffer))
  }

  /** The same bytes under another shape. */
  reshaped(part: Part, shape: readonly number[]): Part {
    return { ...part, shape }
  }

  /** A box of a value, in a temporary of its own even where its bytes lie that way already. Strides in elements. */
  copied(part: Part, sides: readonly number[], from: readonly number[], sourceOffset = 0): Part {
    const made = this.room({ dtype: part.dtype, shape: sides })
    const to = stridesOf(sides)
    for (const step of copyStep({
      width: DTYPES[part.dtype],
      source: part.operand,
      destination: made.operand,
      sides,
      from,
      to,
      sourceOffset,
    }))
      this.run(step)
    return made
  }

  /** The operator whose outputs are those values, in that order: their temporaries become the outputs. */
  finish(results: readonly Part[]): Lowered {
    const places = new Map<number, number>()
    const aliases: [number, number][] = []
    results.forEach((part, out) => {
      const { operand } = part
      if (operand?.of === 'input') aliases.push([out, operand.index])
      else if (operand?.of === 'temp' && !places.has(operand.index)) places.set(operand.index, out)
      else {
        const again = this.copied(part, part.shape, stridesOf(part.shape))
        places.set((again.operand as { readonly index: number }).index, out)
      }
    })
    const placed = (operand: Operand): Operand => {
      const out = operand?.of === 'temp' ? places.get(operand.index) : undefined
      return out === undefined ? operand : output(out)
    }
    return {
      outputs: results.map(({ dtype, shape }) => ({ dtype, shape })),
      temps: this.#temps.map((bytes, i) => (places.has(i) ? 0 : bytes)),
      steps: this.#steps.map((step) => ({ ...step, operands: step.operands.map(placed) })),
      aliases,
      cost: this.#cost,
    }
  }

  #uniform(type: ValueType, bytes: Uint8Array): Part {
    const width = DTYPES[type.dtype]
    const element = bytes.slice(0, width)
    if (bytes.some((byte, i) => byte !== element[i % width]))
      throw new UtnetError('operator_unsupported', `${this.#context.node.op}: a table is needed in between`)
    return this.full(type.dtype, type.shape, element)
  }
}

function repeated(element: Uint8Array, count: number): Uint8Array {
  const bytes = new Uint8Array(element.length * count)
  for (let at = 0; at < bytes.length; at += element.length) bytes.set(element, at)
  return bytes
}
