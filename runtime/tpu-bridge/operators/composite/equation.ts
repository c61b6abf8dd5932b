/** The equation of an Einsum (ONNX, Einsum) as axes: labels are numbered as they appear, those of an ellipsis first. */
import { UtnetError } from '../../../core/index.ts'

interface Equation {
  /** How many axes there are in all. */
  readonly axes: number
  /** For each input, the axis of each of its sides. */
  readonly inputs: readonly (readonly number[])[]
  /** Axes of the output. */
  readonly output: readonly number[]
  /** The greatest side along each axis. */
  readonly sides: readonly number[]
}

const invalid = (why: string): UtnetError => new UtnetError('model_invalid', `Einsum: ${why}`)

const TERM = /^[A-Za-z]*(?:\.\.\.[A-Za-z]*)?$/

/** Labels of a term; an ellipsis is one of them. */
function labelsOf(term: string): readonly string[] {
  if (!TERM.test(term)) throw invalid(`${JSON.stringify(term)} is no term`)
  return term.match(/\.\.\.|[A-Za-z]/g) ?? []
}

/** What is left to be named: each label that stands once, in order. onnxruntime orders capitals behind, numpy in front: those are not taken. */
function implicit(terms: readonly (readonly string[])[]): readonly string[] {
  const all = terms.flat()
  if (all.some((label) => label >= 'A' && label <= 'Z')) throw new UtnetError('operator_unsupported', 'Einsum: capitals without an output')
  const once = [...new Set(all)].filter((label) => label !== '...' && all.indexOf(label) === all.lastIndexOf(label))
  return [...(all.includes('...') ? ['...'] : []), ...once.sort()]
}

/** Throws `model_invalid` where the equation is none, `tensor_shape` where the shapes do not fit it. */
export function equationOf(equation: string, shapes: readonly (readonly number[])[]): Equation {
  const [left = '', right, more] = equation.replaceAll(' ', '').split('->')
  if (more !== undefined) throw invalid('two arrows')
  const terms = left.split(',').map(labelsOf)
  if (terms.length !== shapes.length) throw invalid(`${terms.length} terms for ${shapes.length} inputs`)
  const wrong = (): UtnetError => new UtnetError('tensor_shape', `Einsum ${equation} of ${shapes.map((s) => `[${s.join()}]`).join(' ')}`)
  let hidden = 0
  terms.forEach((term, i) => {
    const rest = (shapes[i] as readonly number[]).length - term.filter((label) => label !== '...').length
    if (rest < 0 || (rest > 0 && !term.includes('...')) || (hidden > 0 && rest > 0 && rest !== hidden)) throw wrong()
    if (rest > 0) hidden = rest
  })
  const numbers = new Map<string, number>()
  for (const label of terms.flat()) if (label !== '...' && !numbers.has(label)) numbers.set(label, hidden + numbers.size)
  const sides: number[] = Array.from({ length: hidden + numbers.size }, () => 1)
  const inputs = terms.map((term, i) => {
    const shape = shapes[i] as readonly number[]
    const rest = shape.length - term.filter((label) => label !== '...').length
    const axes = term.flatMap((label) => (label === '...' ? Array.from({ length: rest }, (_, d) => d) : [numbers.get(label) as number]))
    axes.forEach((axis, d) => {
      const side = shape[d] as number
      if (side !== 1 && sides[axis] !== 1 && sides[axis] !== side) throw wrong()
      if (side !== 1) sides[axis] = side
      // a diagonal has one side
      if (shape[axes.indexOf(axis)] !== side) throw wrong()
    })
    return axes
  })
  const result = right === undefined ? implicit(terms) : labelsOf(right)
  if (new Set(result).size !== result.length) throw invalid('an output names a label twice')
  if (hidden > 0 && !result.includes('...')) throw invalid('the output lacks the ellipsis')
  const named = result.flatMap((label) => {
    if (label === '...') return Array.from({ length: hidden }, (_, d) => d)
    const axis = numbers.get(label)
    if (axis === undefined) throw invalid(`the output names ${label}, which no input has`)
    return [axis]
  })
  return { axes: sides.length, inputs, output: named, sides }
}
