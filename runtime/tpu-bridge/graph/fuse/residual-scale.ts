/** x + x * h becomes x * (1 + h) where h has one number for each channel: one pass over x instead of two. */
import type { Node } from '../graph.ts'
import { is } from './is.ts'
import type { Draft } from './draft.ts'

const ONE = Float32Array.of(1)
/** They keep the shape of their first input. */
const SAME_SHAPE = new Set(['Relu', 'Sigmoid', 'HardSigmoid', 'Tanh', 'LeakyRelu', 'Clip'])

export function mergeResidualScales(draft: Draft): void {
  for (const [add, place] of draft.places()) {
    if (!is(add, 'Add') || add.attributes.size > 0) continue
    const [a = '', b = ''] = add.inputs
    for (const [x, product] of [
      [a, b],
      [b, a],
    ] as const) {
      const at = draft.maker(product)
      const multiply = at === undefined ? undefined : draft.at(at)
      if (
        at === undefined ||
        multiply === undefined ||
        !is(multiply, 'Mul') ||
        multiply.attributes.size > 0 ||
        draft.onlyTaker(product) !== place
      )
        continue
      const [c = '', d = ''] = multiply.inputs
      const h = c === x ? d : c
      if ((c !== x && d !== x) || h === x || !isPooled(draft, h)) continue
      const more = draft.fresh(`${h}.more`)
      draft.replace(at, { ...multiply, op: 'Add', inputs: [h, draft.addFloats('one', [], ONE)], outputs: [more] })
      draft.replace(place, { ...add, op: 'Mul', inputs: [x, more] })
      break
    }
  }
}

/** Whether a value has one element for each channel: what GlobalAveragePool gives, through whatever keeps its shape but for the channels. */
function isPooled(draft: Draft, value: string): boolean {
  let node: Node | undefined
  for (let name = value, steps = 0; steps < 16; steps++, name = node.inputs[0] ?? '') {
    const at = draft.maker(name)
    if (at === undefined) return false
    node = draft.at(at)
    if (is(node, 'GlobalAveragePool')) return true
    const window = is(node, 'Conv') ? draft.floats(node.inputs[1] ?? '')?.shape.slice(2) : undefined
    const keeps = window === undefined ? node.domain === '' && SAME_SHAPE.has(node.op) : window.every((side) => side === 1) && noPads(node)
    if (!keeps) return false
  }
  return false
}

function noPads(node: Node): boolean {
  const pads = node.attributes.get('pads')
  return pads === undefined || (pads.kind === 'ints' && pads.value.every((p) => p === 0))
}
