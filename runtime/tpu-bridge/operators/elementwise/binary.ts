/** Arithmetic of two operands, and of many as two by two. */
import { elementCount, UtnetError, type Dtype } from '../../../core/index.ts'
import type { LowerContext, Lowered, Lowering, Operand, Step } from '../lowering.ts'
import { input, output, temp } from '../operands.ts'
import { needed, unsupported } from '../read.ts'
import { WORTH_SHARING } from './float-input.ts'
import { broadcastShape } from '../broadcast-shape.ts'
import { broadcast } from './broadcast.ts'

/** Kernels and operations as `guest/operators/exact/assembly/elementwise/binary.ts` numbers them. */
const KERNELS = new Map<Dtype, number>([
  ['f32', 200],
  ['f64', 201],
  ['s32', 202],
  ['u32', 203],
  ['s64', 204],
  ['u64', 205],
  ['s8', 206],
  ['u8', 207],
  ['s16', 208],
  ['u16', 209],
])

const OPERATIONS = { Add: 0, Sub: 1, Mul: 2, Div: 3, Min: 4, Max: 5, Pow: 6, Fmod: 7, Mod: 8, PRelu: 9 } as const
type Operation = keyof typeof OPERATIONS

const BYTES: Partial<Record<Dtype, number>> = { f32: 4, f64: 8, s32: 4, u32: 4, s64: 8, u64: 8, s8: 1, u8: 1, s16: 2, u16: 2 }

/** Multiply-adds that an element is worth. */
const weight = (operation: Operation): number => (operation === 'Pow' || operation === 'Fmod' ? 8 : 1)

function kernelOf(op: string, dtype: Dtype): number {
  const kernel = KERNELS.get(dtype)
  if (kernel === undefined) throw unsupported({ op }, `for ${dtype}`)
  return kernel
}

interface Side {
  readonly operand: Operand
  readonly shape: readonly number[]
}

/**
 * Whether onnxruntime goes one element at a time and takes its first operand for the one that stands still: where all sides that both have are 1, or one has none and the last
 * of the first is 1 (its Broadcaster). Zeros that are equal, and cubes, show it.
 */
function singly(a: readonly number[], b: readonly number[]): boolean {
  const shared = Math.min(a.length, b.length)
  if (shared === 0) return a.length === 0 || a.at(-1) === 1
  return [a, b].every((shape) => shape.slice(-shared).every((side) => side === 1))
}

/** Which operand stands still: none 0, the first 1, the second 2; the second, but see `singly`, 3. */
const modeOf = (mode: number, a: readonly number[], b: readonly number[]): number => (mode !== 1 && singly(a, b) ? 3 : mode)

function stepOf(op: string, operation: Operation, dtype: Dtype, a: Side, b: Side, out: Operand): Step {
  const { shape, params: given } = broadcast(op, a.shape, b.shape)
  const [mode, ...params] = given as [number, ...number[]]
  const n = elementCount(shape, `output of ${op}`)
  return {
    kernel: kernelOf(op, dtype),
    operands: [a.operand, b.operand, out],
    params: [OPERATIONS[operation], dtype === 'f32' ? modeOf(mode, a.shape, b.shape) : mode, ...params],
    shared: n * weight(operation) >= WORTH_SHARING,
  }
}

/** Before opset 7 b lay along axes of a that an attribute named. */
function lowerTwo(context: LowerContext, operation: Operation): Lowered {
  const { node, opset } = context
  const a = needed(context, 0)
  const b = needed(context, 1)
  if (a.dtype !== b.dtype) throw new UtnetError('model_invalid', `${node.op} of ${a.dtype} and ${b.dtype}`)
  if (opset < 7 && node.domain === '' && a.shape.join() !== b.shape.join()) throw unsupported(node, `of opset ${opset} with broadcasting`)
  const shape = broadcastShape(node, [a.shape, b.shape])
  const n = elementCount(shape, `output of ${node.op}`)
  return {
    outputs: [{ dtype: a.dtype, shape }],
    temps: [],
    steps:
      n === 0
        ? []
        : [stepOf(node.op, operation, a.dtype, { operand: input(0), shape: a.shape }, { operand: input(1), shape: b.shape }, output(0))],
    inPlace: [a, b].flatMap((x, i) => (x.shape.join() === shape.join() ? [[0, i] as const] : [])),
    cost: n * weight(operation),
  }
}

const two =
  (operation: Operation): Lowering =>
  (context) =>
    lowerTwo(context, operation)

function lowerMod(context: LowerContext): Lowered {
  const fmod = context.node.attributes.get('fmod')?.value === 1
  const dtype = needed(context, 0).dtype
  if (!fmod && (dtype === 'f32' || dtype === 'f64')) throw new UtnetError('model_invalid', 'Mod of floats needs fmod=1')
  return lowerTwo(context, fmod ? 'Fmod' : 'Mod')
}

const POW_MIXED = 223
const POW_DTYPES: readonly Dtype[] = ['f32', 'f64', 's32', 's64']

function lowerPow(context: LowerContext): Lowered {
  const base = needed(context, 0)
  const exponent = needed(context, 1)
  if (base.dtype === 'f32' && exponent.dtype === 'f32') return lowerTwo(context, 'Pow')
  const dtypes = [base, exponent].map(({ dtype }) => POW_DTYPES.indexOf(dtype))
  if (dtypes.includes(-1)) throw unsupported(context.node, `of ${base.dtype} and ${exponent.dtype}`)
  const { shape, params, steps } = broadcast('Pow', base.shape, exponent.shape)
  const n = elementCount(shape, 'output of Pow')
  const still = modeOf(params[0] as number, base.shape, exponent.shape) === 2 ? 1 : 0
  return {
    outputs: [{ dtype: base.dtype, shape }],
    temps: [],
    steps:
      n === 0
        ? []
        : [
            {
              kernel: POW_MIXED,
              operands: [input(0), input(1), output(0)],
              params: [...dtypes, still, n, steps.length, ...steps.flat()],
              shared: n * 8 >= WORTH_SHARING,
            },
          ],
    cost: n * 8,
  }
}

/** The slope may be repeated, x not. */
function lowerPRelu(context: LowerContext): Lowered {
  const x = needed(context, 0)
  if (x.dtype !== 'f32') throw unsupported(context.node, `for ${x.dtype}`)
  if (broadcastShape(context.node, [x.shape, needed(context, 1).shape]).join() !== x.shape.join())
    throw new UtnetError('tensor_shape', 'the slope of PRelu has sides that x lacks')
  return lowerTwo(context, 'PRelu')
}

/** First with second, the result with the third and so on; `Mean` then takes the sum times 1 / count. */
const many =
  (operation: Operation, mean = false): Lowering =>
  (context) => {
    const { node, inputs } = context
    const first = needed(context, 0)
    const dtype = first.dtype
    if (node.op === 'Sum' || node.op === 'Mean') if (dtype !== 'f32') throw unsupported(node, `for ${dtype}`)
    const steps: Step[] = []
    const temps: number[] = []
    const last = inputs.length - 1
    let cost = 0
    let at: Side = { operand: input(0), shape: first.shape }
    for (let i = 1; i <= last; i++) {
      const next = needed(context, i)
      if (next.dtype !== dtype) throw new UtnetError('model_invalid', `${node.op} of ${dtype} and ${next.dtype}`)
      const shape = broadcastShape(node, [at.shape, next.shape])
      const n = elementCount(shape, `output of ${node.op}`)
      const out = i === last ? output(0) : temp(temps.push(n * (BYTES[dtype] as number)) - 1)
      if (n > 0) steps.push(stepOf(node.op, operation, dtype, at, { operand: input(i), shape: next.shape }, out))
      at = { operand: out, shape }
      cost += n
    }
    const n = elementCount(at.shape, `output of ${node.op}`)
    if (last === 0) return { outputs: [{ dtype, shape: at.shape }], temps, steps, aliases: [[0, 0]], cost: n }
    if (mean && n > 0) steps.push({ kernel: 211, operands: [output(0), output(0)], params: [n, last + 1], shared: false })
    return { outputs: [{ dtype, shape: at.shape }], temps, steps, cost }
  }

export const BINARY: readonly (readonly [string, Lowering])[] = [
  ['Add', two('Add')],
  ['Sub', two('Sub')],
  ['Mul', two('Mul')],
  ['Div', two('Div')],
  ['Pow', lowerPow],
  ['Mod', lowerMod],
  ['PRelu', lowerPRelu],
  ['Min', many('Min')],
  ['Max', many('Max')],
  ['Sum', many('Add')],
  ['Mean', many('Add', true)],
]
