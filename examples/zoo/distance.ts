/** How far results of zoo models lie apart. */
import type { NamedTensor } from '../../runtime/core/index.ts'
import type { ZooModel } from './index.ts'

/** What runtimes and processors may differ by on a whole zoo model, as a share of an output's greatest magnitude. Measured: at most 2.6e-6. */
export const ZOO_BOUND = 1e-5

const floats = ({ data }: NamedTensor): Float32Array => new Float32Array(data.slice().buffer)
const greatest = (values: Float32Array): number => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0)

/** From what torch gave at the places that `zoo.json` has, as a share of the greatest magnitude. Infinity for other outputs, and for one that is not finite. */
export function fromTorch(model: ZooModel, outputs: readonly NamedTensor[]): number {
  if (outputs.length !== model.outputs.length) return Infinity
  return Math.max(
    ...model.outputs.map(({ name, shape, largest, at, values }, i) => {
      const output = outputs[i] as NamedTensor
      if (output.name !== name || output.dtype !== 'f32' || output.shape.join() !== shape.join()) return Infinity
      const found = floats(output)
      if (!found.every(Number.isFinite)) return Infinity
      const off = [greatest(found) - largest, ...at.map((place, j) => (found[place] as number) - (values[j] as number))]
      return Math.max(...off.map(Math.abs)) / largest
    }),
  )
}

/** Of two runs from each other, at every element, as a share of the greatest magnitude. Infinity where shapes differ or one is not finite. */
export function apart(a: readonly NamedTensor[], b: readonly NamedTensor[]): number {
  if (a.length !== b.length) return Infinity
  return Math.max(
    ...a.map((left, i) => {
      const right = b[i] as NamedTensor
      if (left.name !== right.name || left.dtype !== 'f32' || right.dtype !== 'f32' || left.shape.join() !== right.shape.join())
        return Infinity
      const [x, y] = [floats(left), floats(right)]
      const off = x.reduce(
        (most, v, j) => Math.max(most, Number.isFinite(v - (y[j] as number)) ? Math.abs(v - (y[j] as number)) : Infinity),
        0,
      )
      return off === 0 ? 0 : off / greatest(x)
    }),
  )
}
