/** `Constant` nodes: what stands in the graph as a node and is known before any input is. */
import { UtnetError, type Tensor } from '../../core/index.ts'
import type { RawAttribute, RawNode } from './read-graph.ts'
import { quoted } from './read-budget.ts'

/** Whether a node of the file is one. */
export const isConstantNode = (node: RawNode): boolean => node.op === 'Constant' && node.domain === ''

/** The value of a `Constant` node. Throws `model_invalid` where it gives none or several, or one that we do not carry. */
export function constantOf(attributes: ReadonlyMap<string, RawAttribute>, output: string): Tensor {
  const [found, ...more] = attributes
  if (found !== undefined && more.length === 0) {
    const [name, a] = found
    if (name === 'value' && a.kind === 'tensor') return a.value
    if (name === 'value_float' && a.kind === 'float') return floats([], [a.value])
    if (name === 'value_floats' && a.kind === 'floats') return floats([a.value.length], a.value)
    if (name === 'value_int' && a.kind === 'int') return ints([], [a.value])
    if (name === 'value_ints' && a.kind === 'ints') return ints([a.value.length], a.value)
  }
  throw new UtnetError(
    'model_invalid',
    `constant ${quoted(output)} of the model has no value that the bridge carries: ${[...attributes.keys()].map(quoted).join(', ') || 'none is given'}`,
  )
}

const floats = (shape: readonly number[], values: readonly number[]): Tensor => ({
  dtype: 'f32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
})

const ints = (shape: readonly number[], values: readonly number[]): Tensor => ({
  dtype: 's64',
  shape,
  data: new Uint8Array(BigInt64Array.from(values, clampedBigInt).buffer),
})

/** The integer of 64 bits nearest to a number: what a file had that wrote the greatest one. */
export const clampedBigInt = (value: number): bigint => (value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(value))
