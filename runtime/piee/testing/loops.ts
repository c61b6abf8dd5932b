/** For tests: small graphs run by plain loops in f32, multiply, round, add, round; a whole device of its own, with values, parts and magnitudes. */
import {
  cborBlock,
  elementCount,
  UtnetError,
  type Box,
  type GraphRun,
  type NamedTensor,
  type OperatorRunner,
  type Tensor,
  type TensorType,
  type TraceEntry,
  type CID,
} from '../../core/index.ts'
import { takeBox } from '../opening.ts'

export interface LoopNode {
  readonly op: 'MatMul' | 'Add' | 'Mul' | 'Relu'
  readonly inputs: readonly string[]
  readonly output: string
}

export interface LoopModel {
  readonly cid: CID
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly constants: ReadonlyMap<string, Tensor>
  readonly nodes: readonly LoopNode[]
}

/** How MatMul sums: k ascending (`exact`), or descending, as another device might. */
export type Order = 'up' | 'down'

export const f32 = (shape: readonly number[], values: ArrayLike<number>): Tensor => {
  const data = Float32Array.from(values)
  return { dtype: 'f32', shape, data: new Uint8Array(data.buffer) }
}

export const numbers = ({ data }: Tensor): Float32Array => new Float32Array(data.buffer, data.byteOffset, data.length >> 2)

export function loopModel(parts: Omit<LoopModel, 'cid'>): LoopModel {
  const nodes = parts.nodes.map(({ op, inputs, output }) => [op, inputs, output])
  const constants = [...parts.constants].map(([name, t]) => [name, t.dtype, [...t.shape], t.data])
  return { cid: cborBlock([nodes, constants, parts.inputs, parts.outputs]).cid, ...parts }
}

function matMul(a: Tensor, b: Tensor, order: Order): Tensor {
  const [m, k] = a.shape as [number, number]
  const n = b.shape[1] as number
  const [x, y] = [numbers(a), numbers(b)]
  const out = new Float32Array(m * n)
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0
      for (let s = 0; s < k; s++) {
        const at = order === 'up' ? s : k - 1 - s
        sum = Math.fround(sum + Math.fround((x[i * k + at] as number) * (y[at * n + j] as number)))
      }
      out[i * n + j] = sum
    }
  return f32([m, n], out)
}

const pairs = (a: Tensor, b: Tensor, f: (x: number, y: number) => number): Tensor =>
  f32(
    a.shape,
    numbers(a).map((x, i) => f(x, numbers(b)[i] as number)),
  )

function runNode(op: LoopNode['op'], operands: readonly Tensor[], order: Order): Tensor {
  const [a, b] = operands as [Tensor, Tensor]
  if (op === 'MatMul') return matMul(a, b, order)
  if (op === 'Relu')
    return f32(
      a.shape,
      numbers(a).map((x) => Math.max(0, x)),
    )
  return pairs(a, b, op === 'Add' ? (x, y) => x + y : (x, y) => x * y)
}

function costOf({ op }: LoopNode, operands: readonly TensorType[], output: TensorType): number {
  const n = elementCount(output.shape, 'output')
  return op === 'MatMul' ? n * ((operands[0] as TensorType).shape[1] as number) : n
}

/** Changes what an entry gives before later ones take it. */
export type Tamper = (entry: number, output: Tensor) => Tensor

/** A run; with `tamper` one of a device that lies or fails. */
export function runLoops(
  model: LoopModel,
  inputs: readonly NamedTensor[],
  options: { readonly order?: Order; readonly tamper?: Tamper } = {},
): GraphRun {
  const { order = 'up', tamper = (_entry, output) => output } = options
  const values = new Map<string, Tensor>([...model.constants, ...inputs.map((t) => [t.name, t] as const)])
  const trace = model.nodes.map((node, i): TraceEntry => {
    const operands = node.inputs.map((name) => values.get(name) as Tensor)
    const output = tamper(i, runNode(node.op, operands, order))
    values.set(node.output, output)
    const { dtype, shape } = output
    return {
      path: [i],
      operator: node.op,
      node: `${node.op}_${i}`,
      inputs: node.inputs,
      outputs: [node.output],
      types: [{ dtype, shape }],
      cost: costOf(node, operands, output),
    }
  })
  const get = (name: string): Tensor => {
    const value = values.get(name)
    if (value === undefined) throw new UtnetError('core_bad_argument', `no value ${name}`)
    return value
  }
  return {
    model: model.cid,
    arithmetic: order === 'up' ? 'exact:loops' : 'bounded:loops-down',
    trace,
    inputs,
    outputs: model.outputs.map((name) => ({ name, ...get(name) })),
    values: async (names) => names.map(get),
    close: async () => {},
  }
}

/** Runs single operators of a model. */
export function loopRunner(model: LoopModel): OperatorRunner {
  const nodeAt = ([i]: readonly number[]): LoopNode => {
    const node = model.nodes[i as number]
    if (node === undefined) throw new UtnetError('core_bad_argument', `no node ${i}`)
    return node
  }
  return {
    arithmetic: 'exact:loops',
    node: async (_model, path) => {
      const node = nodeAt(path)
      return { operator: node.op, attributes: new Map(), constants: node.inputs.map((name) => model.constants.get(name)) }
    },
    async part(_model, path, operands, output, _shape, element) {
      const node = nodeAt(path)
      if (node.op !== 'MatMul') return undefined
      const types = operands.map((type, i) => type ?? (model.constants.get(node.inputs[i] as string) as Tensor))
      const [[, k], [, n]] = types.map(({ shape }) => shape) as [[number, number], [number, number]]
      const row = Math.floor(element / n)
      const whole = (of: TensorType): Box => of.shape.map((side) => [0, side] as const)
      const boxes: Box[] = [
        [
          [row, row + 1],
          [0, k],
        ],
        whole(types[1] as TensorType),
      ]
      return {
        operands: boxes.map((box, i) => (operands[i] === undefined ? undefined : box)),
        output,
        box: [
          [row, row + 1],
          [0, n],
        ],
        cost: n * k,
      }
    },
    async run(_model, path, operands, { part, magnitudes = false } = {}) {
      const node = nodeAt(path)
      const taken = operands.map((tensor, i) => {
        const constant = model.constants.get(node.inputs[i] as string)
        // a constant at the place of rows is cut like any other operand
        const own =
          constant !== undefined && part !== undefined && i === 0
            ? takeBox(constant, [part.box[0] as [number, number], [0, constant.shape[1] as number]])
            : constant
        const given = own ?? (tensor as Tensor)
        return magnitudes ? f32(given.shape, numbers(given).map(Math.abs)) : given
      })
      return [runNode(node.op, taken, 'up')]
    },
  }
}
