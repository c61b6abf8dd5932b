/** How two operands run beside each other where sides of 1 are repeated (ONNX, "Multidirectional broadcasting"). */
import { broadcastShape } from '../broadcast-shape.ts'

export interface Broadcast {
  readonly shape: readonly number[]
  /** Parameters behind the operation, as `guest/operators/exact/assembly/elementwise/binary.ts` takes them. */
  readonly params: readonly number[]
  /** Axes of the output, innermost first, each its side and the steps of a and b; one at least. */
  readonly steps: readonly (readonly [number, number, number])[]
}

interface Axis {
  readonly side: number
  readonly a: boolean
  readonly b: boolean
}

/** Axes of the output, innermost first, those that run alike as one. */
function axesOf(shape: readonly number[], a: readonly number[], b: readonly number[]): Axis[] {
  const axes: Axis[] = []
  for (let i = shape.length - 1; i >= 0; i--) {
    const side = shape[i] as number
    if (side === 1) continue
    const axis = { side, a: (a[i - shape.length + a.length] ?? 1) !== 1, b: (b[i - shape.length + b.length] ?? 1) !== 1 }
    const last = axes.at(-1)
    if (last !== undefined && last.a === axis.a && last.b === axis.b) axes[axes.length - 1] = { ...last, side: last.side * side }
    else axes.push(axis)
  }
  return axes
}

export function broadcast(op: string, a: readonly number[], b: readonly number[]): Broadcast {
  const shape = broadcastShape({ op }, [a, b])
  const axes = axesOf(shape, a, b)
  let stepA = 1
  let stepB = 1
  const steps = axes.map(({ side, a: movesA, b: movesB }) => {
    const step = [side, movesA ? stepA : 0, movesB ? stepB : 0] as const
    if (movesA) stepA *= side
    if (movesB) stepB *= side
    return step
  })
  const [inner = [1, 1, 1] as const, middle = [1, 0, 0] as const, ...outer] = steps
  const mode = inner[1] === 0 ? 1 : inner[2] === 0 ? 2 : 0
  return { shape, params: [mode, inner[0], ...middle, outer.length, ...outer.flat()], steps: [inner, middle, ...outer] }
}
