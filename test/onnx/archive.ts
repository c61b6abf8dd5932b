/** The ONNX backend node tests (onnx/onnx, Apache-2.0), unpacked from the archive beside the checkout. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { NamedTensor, Tensor } from '../../runtime/core/index.ts'
import { fields } from '../../runtime/tpu-bridge/graph/protobuf.ts'
import { ReadBudget } from '../../runtime/tpu-bridge/graph/read-budget.ts'
import { readTensor } from '../../runtime/tpu-bridge/graph/read-tensor.ts'

const ARCHIVE = fileURLToPath(new URL('../../../shared/vectors/onnx/node-tests.tar.xz', import.meta.url))

/** One case: a model and sets of inputs with the outputs that the reference gives. */
export interface OnnxCase {
  readonly name: string
  readonly model: Uint8Array
  readonly sets: readonly OnnxSet[]
}

export interface OnnxSet {
  readonly inputs: readonly NamedTensor[]
  readonly outputs: readonly Tensor[]
}

/** Why there are no cases here; undefined where there are. */
export const missing = (): string | undefined => (existsSync(ARCHIVE) ? undefined : `there is no ${ARCHIVE}`)

export interface Suite {
  /** Names in order. */
  readonly names: readonly string[]
  /** Throws `model_invalid` for a case with values that are no tensors of ours (texts, 16-bit floats, sequences). */
  load(name: string): OnnxCase
  close(): void
}

/** Unpacks the archive with the system's `tar`, which needs xz. */
export function openSuite(): Suite {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-onnx-'))
  execFileSync('tar', ['-xJf', ARCHIVE, '-C', folder])
  const root = join(folder, 'node')
  const bytesOf = (...path: readonly string[]): Uint8Array => new Uint8Array(readFileSync(join(root, ...path)))
  return {
    names: readdirSync(root).sort(),
    load(name) {
      const model = bytesOf(name, 'model.onnx')
      const asked = graphInputs(model)
      const sets = readdirSync(join(root, name))
        .filter((f) => f.startsWith('test_data_set_'))
        .sort()
        .map((set): OnnxSet => {
          const files = (kind: string): readonly Uint8Array[] =>
            Array.from({ length: readdirSync(join(root, name, set)).filter((f) => f.startsWith(`${kind}_`)).length }, (_, i) =>
              bytesOf(name, set, `${kind}_${i}.pb`),
            )
          const inputs = files('input').map((b, i) => ({ ...tensorOf(b), name: asked[i] ?? '' }))
          return { inputs, outputs: files('output').map(tensorOf) }
        })
      return { name, model, sets }
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const tensorOf = (bytes: Uint8Array): Tensor => readTensor(bytes, new ReadBudget()).tensor

/** Names of the inputs of the main graph, which the files of a set are in the order of. */
function graphInputs(model: Uint8Array): readonly string[] {
  const names: string[] = []
  for (const graph of fields(model))
    if (graph.number === 7 && graph.wire === 2)
      for (const input of fields(graph.bytes))
        if (input.number === 11 && input.wire === 2)
          for (const f of fields(input.bytes)) if (f.number === 1 && f.wire === 2) names.push(new TextDecoder().decode(f.bytes))
  return names
}
