/**
 * Operators and their bounds: how far two honest results may lie apart that were computed from the same operands, each in f32 with rounding to nearest (or FMA), in any
 * order of summation, tiny results flushed to zero or not. The derivations stand in docs/piee.md; an operator that is not here has no bound.
 */
import { elementCount, type Tensor } from '../../core/index.ts'
import { floatsOf, type Bound, type Rerun } from './bound.ts'

/** Unit roundoff of f32. */
const U = 2 ** -24
/** Twice the least normal f32: what two results lose where one flushes, and the other not. */
const TINY = 2 ** -125
/** What implementations of exp, tanh, erf and the like must keep to (relative for exp and pow, absolute for what lies in -1..1): a demand, as no rounding argument gives it. */
const FUNCTION = 2 ** -21

/** n*u / (1 - n*u): Higham, Accuracy and Stability of Numerical Algorithms, lemma 3.1. */
const gamma = (n: number): number => (n * U < 1 ? (n * U) / (1 - n * U) : Number.POSITIVE_INFINITY)

type Rule = (rerun: Rerun) => Promise<Bound | undefined> | Bound | undefined

const equal: Rule = () => () => 0

/** Chooses among numbers: of two zeros either, and a denormal may be flushed. */
const chosen: Rule = () => () => TINY

/** One rounding on each side: |d| <= 2u|y|. */
const rounded =
  (roundings: number): Rule =>
  ({ result }) => {
    const y = floatsOf(result)
    return y === undefined ? () => 0 : (i) => 2 * gamma(roundings + 1) * Math.abs(y[i] as number) + TINY
  }

/** Sums of n products: |d| <= 2 * gamma(n) * sum|a*b|, the sum from a run on absolute values, itself short of the truth by at most gamma(n) of it. */
const products =
  (terms: (rerun: Rerun) => Promise<number | undefined> | number | undefined): Rule =>
  async (rerun) => {
    if (floatsOf(rerun.result) === undefined) return () => 0
    const n = await terms(rerun)
    if (n === undefined) return undefined
    const { runner, model, entry, operands, part, output } = rerun
    const sums = await runner.run(model, entry.path, operands.map(absolute), { part, magnitudes: true })
    const s = floatsOf(sums[part === undefined ? output : 0] as Tensor)
    if (s === undefined) return undefined
    const c = 2 * gamma(n) * (1 + gamma(2 * n))
    // where the sum overflows an honest result may be anything
    return (i) => (Number.isFinite(s[i]) ? c * Math.abs(s[i] as number) + n * TINY : Number.POSITIVE_INFINITY)
  }

/** Absolute values; integers as they are. */
function absolute(tensor: Tensor | undefined): Tensor | undefined {
  const values = tensor === undefined ? undefined : floatsOf(tensor)
  if (tensor === undefined || values === undefined) return tensor
  const own = values.map((v) => Math.abs(v))
  return { ...tensor, data: new Uint8Array(own.buffer, own.byteOffset, own.byteLength) }
}

const count = (shape: readonly number[]): number => elementCount(shape, 'operand')

/** Shape of an operand: as given, or of the constant in its place. */
async function shapeOf({ runner, model, entry, operands }: Rerun, place: number): Promise<readonly number[] | undefined> {
  const own = operands[place]?.shape
  if (own !== undefined) return own
  return (await runner.node(model, entry.path)).constants[place]?.shape
}

/** Numbers of an attribute, or the ones that stand where it is left out. */
async function numbers({ runner, model, entry }: Rerun, name: string, otherwise: readonly number[]): Promise<readonly number[]> {
  const value = (await runner.node(model, entry.path)).attributes.get(name)
  return typeof value === 'number' ? [value] : Array.isArray(value) ? value : otherwise
}

/** Both sums take K products and, where there is one, a bias; one more for the multiplication of each. */
const matMul: Rule = products(async (rerun) => {
  const a = await shapeOf(rerun, 0)
  return a === undefined ? undefined : (a[a.length - 1] ?? 1) + 1
})

const conv: Rule = products(async (rerun) => {
  const w = await shapeOf(rerun, 1)
  return w === undefined ? undefined : count(w.slice(1)) + 3
})

/** Sums of four more terms, times the steepest slope of the activation, and what its own numbers lose. */
const fusedConv: Rule = async (rerun) => {
  const attributes = (await rerun.runner.node(rerun.model, rerun.entry.path)).attributes
  const params = attributes.get('activation_params')
  const [first = 0, second = 0] = Array.isArray(params) ? (params as readonly number[]) : []
  const behind = ACTIVATIONS[String(attributes.get('activation') ?? '')]?.(first, second)
  if (behind === undefined) return undefined
  const sums = await products(async () => {
    const w = await shapeOf(rerun, 1)
    return w === undefined ? undefined : count(w.slice(1)) + 7
  })(rerun)
  return sums === undefined ? undefined : (i) => behind.slope * sums(i) + behind.more
}

/** Slope and addition of the activations that a convolution may have in it: rounding errors of terms that weigh no more than the sum are among its four more terms. */
const ACTIVATIONS: Readonly<Record<string, (first: number, second: number) => { readonly slope: number; readonly more: number }>> = {
  '': () => ({ slope: 1, more: 0 }),
  Relu: () => ({ slope: 1, more: 0 }),
  Clip: () => ({ slope: 1, more: 0 }),
  LeakyRelu: (alpha) => ({ slope: Math.max(1, Math.abs(alpha)), more: 0 }),
  HardSigmoid: (alpha, beta) => ({ slope: Math.abs(alpha), more: 2 * gamma(4) * Math.abs(beta) + TINY }),
  HardSwish: () => ({ slope: 1.5, more: TINY }),
  Sigmoid: () => ({ slope: 1, more: 2 * FUNCTION }),
  Tanh: () => ({ slope: 1, more: 2 * FUNCTION }),
}

const convTranspose: Rule = products(async (rerun) => {
  const w = await shapeOf(rerun, 1)
  return w === undefined ? undefined : (w[0] ?? 1) * count(w.slice(2)) + 3
})

const gemm: Rule = products(async (rerun) => {
  const a = await shapeOf(rerun, 0)
  const [alpha] = await numbers(rerun, 'alpha', [1])
  const [beta] = await numbers(rerun, 'beta', [1])
  // with factors below zero the run on absolute values is no sum of what products weigh
  if (a?.length !== 2 || (alpha as number) < 0 || (beta as number) < 0) return undefined
  const [transposed] = await numbers(rerun, 'transA', [0])
  return (a[transposed === 0 ? 1 : 0] as number) + 5
})

/** A sum, or a mean: n terms, and a division. */
const reduced: Rule = products(async (rerun) => {
  const x = await shapeOf(rerun, 0)
  return x === undefined || count(rerun.result.shape) === 0 ? undefined : count(x) / count(rerun.result.shape) + 2
})

const averagePool: Rule = products(async (rerun) => count(await numbers(rerun, 'kernel_shape', [])) + 2)

/** Results within -1..1 of a function. */
const within1: Rule = ({ result }) => (floatsOf(result) === undefined ? undefined : () => 2 * FUNCTION)

/** Results of exp and pow: relative. */
const relative: Rule = ({ result }) => {
  const y = floatsOf(result)
  return y === undefined ? undefined : (i) => 2 * FUNCTION * Math.abs(y[i] as number) + TINY
}

const word = new DataView(new ArrayBuffer(8))

/** A number that ln(x) of an x >= 1 is not above, by its exponent: engines differ in Math.log, and two verifiers must not. */
function lnAtMost(x: number): number {
  word.setFloat64(0, x)
  return Math.min(1024, ((word.getUint32(0) >>> 20) & 0x7ff) - 1022) * Math.LN2
}

/** y = e^(x - max) / sum: each exp to FUNCTION, its argument to u|x - max| <= -u*ln(y), the sum to gamma(n) and, weighed, u*ln(n). */
const softmax: Rule = async (rerun) => {
  const y = floatsOf(rerun.result)
  if (y === undefined) return undefined
  const { shape } = rerun.result
  const [axis] = await numbers(rerun, 'axis', [Math.min(1, shape.length - 1)])
  // older operator sets take all axes from there on for one
  const n = Math.max(1, count(shape.slice(axis as number)))
  const fixed = 2 * FUNCTION + gamma(n + 4) + U * lnAtMost(n)
  return (i) => {
    const value = Math.abs(y[i] as number)
    return value === 0 ? TINY : 2 * value * (fixed + U * lnAtMost(1 / Math.min(1, value))) + TINY
  }
}

/** max(0, min(1, alpha * x + beta)): two roundings of terms that weigh |alpha * x| + |beta|; what is cut off moves nothing apart. */
const hardSigmoid: Rule = async (rerun) => {
  const x = rerun.operands[0] === undefined ? undefined : floatsOf(rerun.operands[0])
  if (x === undefined) return undefined
  const [alpha] = await numbers(rerun, 'alpha', [0.2])
  const [beta] = await numbers(rerun, 'beta', [0.5])
  const weigh = (i: number): number => Math.abs((alpha as number) * (x[i] as number)) + Math.abs(beta as number)
  return (i) => 2 * gamma(4) * Math.min(weigh(i), 2 ** 24) + TINY
}

/** scale * (x - mean) / sqrt(var + epsilon) + bias, in any form of these terms: some eight roundings of what they weigh. */
const batchNormalization: Rule = async (rerun) => {
  const given = await rerun.runner.node(rerun.model, rerun.entry.path)
  const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((place) => {
    const tensor = rerun.operands[place] ?? given.constants[place]
    return tensor === undefined ? undefined : floatsOf(tensor)
  })
  const shape = rerun.operands[0]?.shape
  if (x === undefined || scale === undefined || bias === undefined || mean === undefined || variance === undefined || shape === undefined)
    return undefined
  const [epsilon] = await numbers(rerun, 'epsilon', [1e-5])
  const inner = count(shape.slice(2))
  return (i) => {
    const c = Math.floor(i / inner) % (shape[1] as number)
    const factor = Math.abs(scale[c] as number) / Math.sqrt((variance[c] as number) + (epsilon as number))
    const weigh = factor * (Math.abs(x[i] as number) + Math.abs(mean[c] as number)) + Math.abs(bias[c] as number)
    return Number.isFinite(weigh) ? 2 * gamma(10) * weigh + TINY : Number.POSITIVE_INFINITY
  }
}

/** One step of the quantised result: where the product lies between two, rounding may fall either way. */
const oneStep: Rule = () => () => 1

const nearestOnly: Rule = async (rerun) => {
  const mode = (await rerun.runner.node(rerun.model, rerun.entry.path)).attributes.get('mode') ?? 'nearest'
  return mode === 'nearest' ? () => 0 : undefined
}

const each = (rule: Rule, names: string): [string, Rule][] => names.split(' ').map((name) => [name, rule])

const RULES: ReadonlyMap<string, Rule> = new Map([
  // what moves, compares, or counts has one result
  ...each(
    equal,
    'Identity Reshape Flatten Squeeze Unsqueeze Transpose Concat Split Slice Gather GatherElements GatherND ScatterElements ScatterND Expand Tile Pad Shape Size ' +
      'Constant ConstantOfShape Range Where Not And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual Abs Neg ' +
      'ArgMax ArgMin Cast MatMulInteger ConvInteger DepthToSpace SpaceToDepth IsNaN IsInf NonZero OneHot Trilu',
  ),
  ...each(chosen, 'Sign Floor Ceil Round Min Max Relu Clip MaxPool GlobalMaxPool ReduceMax ReduceMin'),
  ...each(nearestOnly, 'Resize Upsample'),
  ...each(rounded(1), 'Add Sub Mul Div Sqrt Reciprocal'),
  ...each(rounded(2), 'LeakyRelu PRelu'),
  ...each(matMul, 'MatMul'),
  ...each(gemm, 'Gemm'),
  ...each(conv, 'Conv'),
  ...each(fusedConv, 'com.microsoft.FusedConv'),
  ...each(convTranspose, 'ConvTranspose'),
  ...each(reduced, 'ReduceMean ReduceSum GlobalAveragePool'),
  ...each(averagePool, 'AveragePool'),
  ...each(within1, 'Sigmoid Tanh Erf'),
  ...each(relative, 'Exp Pow'),
  ...each(softmax, 'Softmax'),
  ...each(hardSigmoid, 'HardSigmoid'),
  ...each(batchNormalization, 'BatchNormalization'),
  ...each(oneStep, 'QLinearMatMul QLinearConv QuantizeLinear'),
])

/** Operators that have a bound, in order of name. */
export const boundedOperators = (): readonly string[] => [...RULES.keys()].sort()

/** The bound of an operator's output; undefined where it has none. */
export async function boundFor(rerun: Rerun): Promise<Bound | undefined> {
  // a rule for the first output says nothing about others, but for those that copy
  const rule = RULES.get(rerun.entry.operator)
  if (rule === undefined || (rerun.output > 0 && rule !== equal)) return undefined
  return rule(rerun)
}
