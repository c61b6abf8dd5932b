/** Activations: the long form of HardSwish made short, and those behind a convolution made part of it (`com.microsoft.FusedConv`, which all ONNX Runtimes have). */
import type { Attribute, Node } from '../graph.ts'
import { floatOf } from '../attributes.ts'
import { is } from './is.ts'
import type { Draft } from './draft.ts'

/** A constant of one element. */
function scalar(draft: Draft, name: string | undefined): number | undefined {
  const found = name === undefined ? undefined : draft.floats(name)
  return found?.values.length === 1 && found.shape.length <= 1 ? found.values[0] : undefined
}

/** Bounds of a Clip: attributes before opset 11, constants since. */
function bounds(draft: Draft, node: Node): readonly [number, number] | undefined {
  const low = node.inputs[1] === undefined || node.inputs[1] === '' ? (floatOf(node, 'min') ?? -Infinity) : scalar(draft, node.inputs[1])
  const high = node.inputs[2] === undefined || node.inputs[2] === '' ? (floatOf(node, 'max') ?? Infinity) : scalar(draft, node.inputs[2])
  return low === undefined || high === undefined ? undefined : [low, high]
}

/** x * Clip(x + p, 0, h) / h becomes x * HardSigmoid(x): one operator of two where there were four. */
export function shortenHardSwish(draft: Draft): void {
  for (const [add, place] of draft.places()) {
    if (!is(add, 'Add') || add.attributes.size > 0) continue
    const [a = '', b = ''] = add.inputs
    const plus = scalar(draft, b) ?? scalar(draft, a)
    const x = scalar(draft, b) === undefined ? b : a
    if (plus === undefined || draft.constant(x) !== undefined) continue
    const clip = draft.onlyTaker(add.outputs[0] as string)
    const range = clip === undefined || !is(draft.at(clip), 'Clip') ? undefined : bounds(draft, draft.at(clip))
    if (clip === undefined || range === undefined || range[0] !== 0 || !(range[1] > 0 && range[1] < Infinity)) continue
    const clipped = draft.at(clip).outputs[0] as string
    const second = draft.onlyTaker(clipped)
    if (second === undefined) continue
    const sigmoid = (): Node => ({
      name: add.name,
      op: 'HardSigmoid',
      domain: '',
      inputs: [x],
      outputs: [clipped],
      attributes: new Map<string, Attribute>([
        ['alpha', { kind: 'float', value: Math.fround(1 / range[1]) }],
        ['beta', { kind: 'float', value: Math.fround(plus / range[1]) }],
      ]),
    })
    const multiply = draft.at(second)
    if (divides(draft, multiply, clipped, range[1])) {
      draft.remove(second)
      draft.remove(clip)
      draft.replace(place, { ...sigmoid(), outputs: multiply.outputs })
      continue
    }
    const third = is(multiply, 'Mul') && multiply.inputs.includes(x) ? draft.onlyTaker(multiply.outputs[0] as string) : undefined
    if (third === undefined || !divides(draft, draft.at(third), multiply.outputs[0] as string, range[1])) continue
    const { outputs } = draft.at(third)
    draft.remove(third)
    draft.remove(clip)
    draft.replace(place, sigmoid())
    draft.replace(second, { ...multiply, outputs })
  }
}

/** Whether the node is value / by, or the product with 1 / by. */
function divides(draft: Draft, node: Node, value: string, by: number): boolean {
  const [a, b] = node.inputs
  if (node.attributes.size > 0) return false
  if (is(node, 'Div')) return a === value && scalar(draft, b) === by
  return is(node, 'Mul') && (a === value ? scalar(draft, b) : scalar(draft, a)) === Math.fround(1 / by)
}

/** Behind every Conv with constant weights: an activation that nothing else shares its input with. */
export function fuseActivations(draft: Draft): boolean {
  let fused = false
  for (const [node, place] of draft.places()) {
    if (!is(node, 'Conv') || node.inputs.length > 3 || draft.constant(node.inputs[1] ?? '') === undefined) continue
    const activation = hardSwishOf(draft, node.outputs[0] as string) ?? onlyActivation(draft, node.outputs[0] as string)
    if (activation === undefined) continue
    const { outputs } = draft.at(activation.places.at(-1) as number)
    for (const next of activation.places) draft.remove(next)
    const attributes = new Map(node.attributes).set('activation', { kind: 'string', value: activation.name })
    if (activation.params.length > 0) attributes.set('activation_params', { kind: 'floats', value: activation.params })
    draft.replace(place, { ...node, op: 'FusedConv', domain: 'com.microsoft', outputs, attributes })
    fused = true
  }
  return fused
}

interface Function1 {
  readonly name: string
  readonly params: readonly number[]
}

/** What is done to a value, and the nodes that do it, in order. */
interface Activation extends Function1 {
  readonly places: readonly number[]
}

function onlyActivation(draft: Draft, value: string): Activation | undefined {
  const next = draft.onlyTaker(value)
  const found = next === undefined ? undefined : activationOf(draft, draft.at(next))
  return next === undefined || found === undefined ? undefined : { ...found, places: [next] }
}

/** x * HardSigmoid(x) with 1/6 and 1/2, where nothing else takes x. */
function hardSwishOf(draft: Draft, value: string): Activation | undefined {
  const [first, second, ...more] = draft.takers(value)
  if (first === undefined || second === undefined || more.length > 0) return undefined
  const [place, last] = is(draft.at(first), 'HardSigmoid') ? [first, second] : [second, first]
  const [sigmoid, product] = [draft.at(place), draft.at(last)]
  if (!is(sigmoid, 'HardSigmoid') || !is(product, 'Mul') || draft.onlyTaker(sigmoid.outputs[0] as string) !== last) return undefined
  if (floatOf(sigmoid, 'alpha') !== Math.fround(1 / 6) || (floatOf(sigmoid, 'beta') ?? 0.5) !== 0.5) return undefined
  return { name: 'HardSwish', params: [], places: [place, last] }
}

function activationOf(draft: Draft, node: Node): Function1 | undefined {
  if (node.domain !== '') return undefined
  switch (node.op) {
    case 'Relu':
    case 'Sigmoid':
    case 'Tanh':
      return { name: node.op, params: [] }
    case 'LeakyRelu':
      return { name: node.op, params: [floatOf(node, 'alpha') ?? Math.fround(0.01)] }
    case 'HardSigmoid':
      return { name: node.op, params: [floatOf(node, 'alpha') ?? Math.fround(0.2), floatOf(node, 'beta') ?? 0.5] }
    case 'Clip': {
      const range = bounds(draft, node)
      return range === undefined || !range.every(Number.isFinite) ? undefined : { name: 'Clip', params: range }
    }
    default:
      return undefined
  }
}
