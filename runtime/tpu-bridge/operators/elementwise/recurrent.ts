/** LSTM, GRU and RNN as onnxruntime computes them: products of all steps with W at once, then step after step. */
import { elementCount, UtnetError } from '../../../core/index.ts'
import type { LowerContext, Lowering, LowerInput, Operand, Step, ValueType } from '../lowering.ts'
import { floatBits, input, output, temp } from '../operands.ts'
import { floatOf, floatsOf, intOf, textOf } from '../../graph/index.ts'
import { needed, unsupported } from '../read.ts'
import { WORTH_SHARING, neededF32 } from './float-input.ts'

/** As `guest/operators/exact/assembly/elementwise` numbers them. */
const TRANSPOSE_F32 = 300
const ROWS_F32 = 301
const LSTM_F32 = 302
const GRU_F32 = 303
const RNN_F32 = 304

const ACTIVATIONS: Readonly<Record<string, number>> = { sigmoid: 0, tanh: 1, relu: 2 }
const GREATEST = 3.4028234663852886e38

/** How many products make one sum: 256 of a packed matrix, else what the shape of the matrix gives (MLAS). */
function sumLength(constant: boolean, n: number, k: number): number {
  if (constant) return 256
  let stepN = 128
  let stepK = 128
  if (n >= k) while (stepK / 2 >= k) [stepN, stepK] = [stepN * 2, stepK / 2]
  else while (stepN > 16 && stepN / 2 >= n) [stepN, stepK] = [stepN / 2, stepK * 2]
  return stepK
}

interface Recurrent {
  readonly directions: number
  readonly reverse: number
  readonly steps: number
  readonly batch: number
  readonly inputs: number
  readonly hidden: number
  readonly activations: readonly number[]
  readonly clip: number
}

function activationsOf(context: LowerContext, directions: number, defaults: readonly string[]): number[] {
  const { node } = context
  const named = node.attributes.get('activations')
  const names = named?.kind === 'strings' ? named.value : Array.from({ length: directions }, () => defaults).flat()
  if (names.length !== defaults.length * directions) throw new UtnetError('model_invalid', `${node.op}: ${names.length} activations`)
  const numbers = names.map((name) => {
    const number = ACTIVATIONS[name.toLowerCase()]
    if (number === undefined) throw unsupported(node, `with the activation ${name}`)
    return number
  })
  const first = numbers.slice(0, defaults.length)
  if (directions === 2 && numbers.slice(defaults.length).join() !== first.join())
    throw unsupported(node, 'with activations of its own for each direction')
  return first
}

function dimensions(context: LowerContext, gates: number, defaults: readonly string[]): Recurrent {
  const { node, inputs } = context
  const x = neededF32(context, 0)
  const w = neededF32(context, 1)
  const r = neededF32(context, 2)
  if ((intOf(context.node, 'layout') ?? 0) !== 0) throw unsupported(node, 'with layout = 1')
  const direction = textOf(context.node, 'direction') ?? 'forward'
  if (!['forward', 'reverse', 'bidirectional'].includes(direction))
    throw new UtnetError('model_invalid', `${node.op}: direction ${direction}`)
  const directions = direction === 'bidirectional' ? 2 : 1
  const [steps = 0, batch = 0, width = 0] = x.shape
  const hidden = r.shape[2] ?? 0
  const expected: readonly (readonly [LowerInput | undefined, readonly number[]])[] = [
    [x, [steps, batch, width]],
    [w, [directions, gates * hidden, width]],
    [r, [directions, gates * hidden, hidden]],
    [inputs[3], [directions, 2 * gates * hidden]],
    [inputs[4], [batch]],
    [inputs[5], [directions, batch, hidden]],
    [inputs[6], [directions, batch, hidden]],
    [inputs[7], [directions, 3 * hidden]],
  ]
  expected.forEach(([given, shape], i) => {
    if (given === undefined) return
    if (given.shape.join() !== shape.join())
      throw new UtnetError('tensor_shape', `input ${i} of ${node.op} is [${given.shape.join()}], not [${shape.join()}]`)
    if (given.dtype !== (i === 4 ? 's32' : 'f32')) throw unsupported(node, `for ${given.dtype} in input ${i}`)
  })
  if ((intOf(context.node, 'hidden_size') ?? hidden) !== hidden)
    throw new UtnetError('model_invalid', `${node.op}: hidden_size differs from R`)
  if (elementCount(x.shape, `input of ${node.op}`) === 0 || hidden === 0) throw unsupported(node, 'of nothing')
  if (floatsOf(context.node, 'activation_alpha') !== undefined || floatsOf(context.node, 'activation_beta') !== undefined)
    throw unsupported(node, 'with activation_alpha or activation_beta')
  return {
    directions,
    reverse: direction === 'reverse' ? 1 : 0,
    steps,
    batch,
    inputs: width,
    hidden,
    activations: activationsOf(context, directions, defaults),
    clip: floatOf(context.node, 'clip') ?? GREATEST,
  }
}

const transpose = (context: LowerContext, from: number, to: number, { directions }: Recurrent, rows: number, columns: number): Step => ({
  kernel: TRANSPOSE_F32,
  operands: [input(from), temp(to)],
  params: [directions, rows, columns],
  shared: false,
  ...(needed(context, from).constant ? { once: true } : {}),
})

/** W and R transposed (kept where they are constant), then x times W: temporaries 0, 1 and 2. */
function products(context: LowerContext, d: Recurrent, gates: number): { temps: number[]; steps: Step[] } {
  const { directions, steps, batch, inputs, hidden } = d
  const n = gates * hidden
  const w = needed(context, 1)
  return {
    temps: [directions * n * inputs * 4, directions * n * hidden * 4, directions * steps * batch * n * 4],
    steps: [
      transpose(context, 1, 0, d, n, inputs),
      transpose(context, 2, 1, d, n, hidden),
      {
        kernel: ROWS_F32,
        operands: [input(0), temp(0), temp(2)],
        params: [steps * batch, n, inputs, sumLength(w.constant, n, inputs), directions],
        shared: directions * steps * batch * n * inputs >= WORTH_SHARING,
      },
    ],
  }
}

const outputsOf = ({ steps, directions, batch, hidden }: Recurrent, count: number): ValueType[] => {
  const all: ValueType[] = [
    { dtype: 'f32', shape: [steps, directions, batch, hidden] },
    { dtype: 'f32', shape: [directions, batch, hidden] },
    { dtype: 'f32', shape: [directions, batch, hidden] },
  ]
  return all.slice(0, count)
}

/** States are always computed: where nobody names them, in a temporary. */
function place(context: LowerContext, index: number, temps: number[], bytes: number): Operand {
  return index < context.node.outputs.length ? output(index) : temp(temps.push(bytes) - 1)
}

const given = (context: LowerContext, index: number): Operand => (context.inputs[index] === undefined ? null : input(index))

const costOf = ({ directions, steps, batch, inputs, hidden }: Recurrent, gates: number): number =>
  directions * steps * batch * gates * hidden * (inputs + hidden + 8)

const lowerLstm: Lowering = (context) => {
  const d = dimensions(context, 4, ['Sigmoid', 'Tanh', 'Tanh'])
  const { temps, steps } = products(context, d, 4)
  const state = d.directions * d.batch * d.hidden * 4
  const r = needed(context, 2)
  steps.push({
    kernel: LSTM_F32,
    operands: [
      temp(2),
      temp(1),
      given(context, 3),
      given(context, 4),
      given(context, 5),
      given(context, 6),
      given(context, 7),
      output(0),
      place(context, 1, temps, state),
      place(context, 2, temps, state),
    ],
    params: [
      d.directions,
      d.reverse,
      d.steps,
      d.batch,
      d.hidden,
      sumLength(r.constant, 4 * d.hidden, d.hidden),
      ...d.activations,
      floatBits(d.clip),
      intOf(context.node, 'input_forget') ?? 0,
    ],
    shared: false,
  })
  return { outputs: outputsOf(d, Math.max(1, context.node.outputs.length)), temps, steps, cost: costOf(d, 4) }
}

const lowerGru: Lowering = (context) => {
  const d = dimensions(context, 3, ['Sigmoid', 'Tanh'])
  const { temps, steps } = products(context, d, 3)
  const r = needed(context, 2)
  steps.push({
    kernel: GRU_F32,
    operands: [
      temp(2),
      temp(1),
      given(context, 3),
      given(context, 4),
      given(context, 5),
      output(0),
      place(context, 1, temps, d.directions * d.batch * d.hidden * 4),
      temp(temps.push(2 * d.hidden * 4) - 1),
    ],
    params: [
      d.directions,
      d.reverse,
      d.steps,
      d.batch,
      d.hidden,
      sumLength(r.constant, 2 * d.hidden, d.hidden),
      sumLength(r.constant, d.hidden, d.hidden),
      ...d.activations,
      floatBits(d.clip),
      intOf(context.node, 'linear_before_reset') ?? 0,
    ],
    shared: false,
  })
  return { outputs: outputsOf(d, Math.max(1, context.node.outputs.length)), temps, steps, cost: costOf(d, 3) }
}

const lowerRnn: Lowering = (context) => {
  const d = dimensions(context, 1, ['Tanh'])
  if (context.inputs[4] !== undefined) throw unsupported(context.node, 'with lengths of sequences')
  if (d.activations[0] === ACTIVATIONS['sigmoid']) throw unsupported(context.node, 'with the activation Sigmoid')
  const state = d.directions * d.batch * d.hidden * 4
  const temps = [d.directions * d.hidden * d.inputs * 4, d.directions * d.hidden * d.hidden * 4]
  return {
    outputs: outputsOf(d, Math.max(1, context.node.outputs.length)),
    temps,
    steps: [
      transpose(context, 1, 0, d, d.hidden, d.inputs),
      transpose(context, 2, 1, d, d.hidden, d.hidden),
      {
        kernel: RNN_F32,
        operands: [
          input(0),
          temp(0),
          temp(1),
          given(context, 3),
          given(context, 5),
          output(0),
          place(context, 1, temps, state),
          temp(temps.push(d.hidden * 4) - 1),
        ],
        params: [
          d.directions,
          d.reverse,
          d.steps,
          d.batch,
          d.inputs,
          d.hidden,
          sumLength(false, d.hidden, d.inputs),
          sumLength(false, d.hidden, d.hidden),
          d.activations[0] === ACTIVATIONS['relu'] ? 1 : 0,
          floatBits(d.clip),
        ],
        shared: false,
      },
    ],
    cost: costOf(d, 1),
  }
}

export const RECURRENT: readonly (readonly [string, Lowering])[] = [
  ['LSTM', lowerLstm],
  ['GRU', lowerGru],
  ['RNN', lowerRnn],
]
