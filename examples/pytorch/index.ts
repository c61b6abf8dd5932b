/** What `utnet_torch.train` wrote: a trained model with custom operators inside, and what torch answers, as a whole and at each such operator. */
import { readFileSync } from 'node:fs'
import type { Dtype, NamedTensor } from '../../runtime/core/index.ts'

interface StoredTensor {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  /** Base64 of little-endian bytes. */
  readonly data: string
}

interface Stored {
  readonly inputs: readonly StoredTensor[]
  readonly outputs: readonly StoredTensor[]
}

/** Inputs in the operator's or the model's order, and what torch gives for them. */
export interface Answer {
  readonly inputs: readonly NamedTensor[]
  readonly outputs: readonly NamedTensor[]
}

export interface Glyphs extends Answer {
  /** The ONNX file. */
  readonly model: Uint8Array
  /** What the pictures show. */
  readonly digits: readonly number[]
  /** The custom nodes of the graph, in the order in which they run: `ai.utnet::Poly`, ... */
  readonly nodes: readonly (Answer & { readonly operator: string })[]
}

/** The committed fixtures. */
export function glyphs(): Glyphs {
  const at = (name: string): URL => new URL(`fixtures/${name}`, import.meta.url)
  const stored = JSON.parse(readFileSync(at('glyphs.json'), 'utf8')) as Stored & {
    readonly digits: readonly number[]
    readonly nodes: readonly (Stored & { readonly operator: string })[]
  }
  return {
    model: new Uint8Array(readFileSync(at('glyphs.onnx'))),
    digits: stored.digits,
    ...answer(stored),
    nodes: stored.nodes.map((node) => ({ operator: node.operator, ...answer(node) })),
  }
}

function answer({ inputs, outputs }: Stored): Answer {
  const tensor = ({ name, dtype, shape, data }: StoredTensor): NamedTensor => ({
    name,
    dtype,
    shape,
    data: new Uint8Array(Buffer.from(data, 'base64')),
  })
  return { inputs: inputs.map(tensor), outputs: outputs.map(tensor) }
}
