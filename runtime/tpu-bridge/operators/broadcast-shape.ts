import type { Node } from '../graph/index.ts'
import { misshapen } from './read.ts'

/** The shape that shapes are broadcast to, as numpy does. Throws `tensor_shape` where they do not go together. */
export function broadcastShape(node: Pick<Node, 'op'>, shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, d) => {
    let side = 1
    for (const shape of shapes) {
      const own = shape[d - (rank - shape.length)] ?? 1
      if (own === 1) continue
      if (side !== 1 && side !== own) throw misshapen(node, `[${shapes.map((s) => s.join()).join('], [')}] do not go together`)
      side = own
    }
    return side
  })
}
