/** The model zoo as `export.py` wrote it: what `zoo.json` says of each model, its bytes, and inputs that Python made alike. */
import { readFileSync } from 'node:fs'
import type { NamedTensor } from '../../runtime/core/index.ts'

/** How an input is filled; `export.py` does the same: `uniform` f32 in [-1, 1), `tokens` s64 in [0, below), `mask` s64, ones but for the last quarter of a row. */
interface ZooInput {
  readonly name: string
  readonly dtype: 'f32' | 's64'
  readonly shape: readonly number[]
  readonly fill: 'uniform' | 'tokens' | 'mask'
  readonly below?: number
  /** Names of sides that may be others, by dimension. */
  readonly free?: Readonly<Record<string, string>>
}

/** An output as torch computes it of those inputs: elements at some places. */
interface ZooOutput {
  readonly name: string
  readonly shape: readonly number[]
  /** Greatest magnitude of all elements. */
  readonly largest: number
  readonly at: readonly number[]
  readonly values: readonly number[]
}

export interface ZooModel {
  readonly name: string
  readonly architecture: string
  readonly exporter: 'torchscript' | 'dynamo'
  readonly opset: number
  readonly bytes: number
  readonly sha256: string
  readonly inputs: readonly ZooInput[]
  readonly outputs: readonly ZooOutput[]
  readonly nodes: number
  /** Nodes by operator, the most frequent first. */
  readonly operators: Readonly<Record<string, number>>
}

/** All models, in the order of `entries.py`. */
export function zooModels(): readonly ZooModel[] {
  return (JSON.parse(readFileSync(new URL('zoo.json', import.meta.url), 'utf8')) as { readonly models: readonly ZooModel[] }).models
}

/** The ONNX file. */
export function zooBytes(model: ZooModel): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`models/${model.name}.onnx`, import.meta.url)))
}

/** Whether inputs may have other sides than those of `zoo.json`. */
export const hasFreeSides = (model: ZooModel): boolean => model.inputs.some((input) => input.free !== undefined)

/** The inputs whose outputs `zoo.json` has. Another `seed` gives other values of the same kind; `sides` takes free sides by name. */
export function zooInputs(model: ZooModel, seed = 0, sides: Readonly<Record<string, number>> = {}): readonly NamedTensor[] {
  return model.inputs.map((input, i) => {
    const shape = input.shape.map((side, axis) => sides[input.free?.[axis] ?? ''] ?? side)
    return { name: input.name, dtype: input.dtype, shape, data: fill(input, shape, seed + i + 1) }
  })
}

function fill({ fill: kind, below = 0 }: ZooInput, shape: readonly number[], seed: number): Uint8Array {
  const count = shape.reduce((a, b) => a * b, 1)
  const length = shape.at(-1) ?? 1
  let s = seed
  const uniform = (): number => (s = (Math.imul(s, 1103515245) + 12345) >>> 0) / 2 ** 32
  if (kind === 'uniform') return new Uint8Array(Float32Array.from({ length: count }, () => 2 * uniform() - 1).buffer)
  const integer = (i: number): number =>
    kind === 'tokens' ? Math.floor(uniform() * below) : Number(i % length < length - Math.floor(length / 4))
  return new Uint8Array(BigInt64Array.from({ length: count }, (_, i) => BigInt(integer(i))).buffer)
}
