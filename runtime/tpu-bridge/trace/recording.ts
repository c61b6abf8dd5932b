/** A run of a graph as it was written down: its operators in order, each as what it becomes. Whoever has it can run the graph again for inputs of the same shapes. */
import type { Tensor, TensorType, TraceEntry } from '../../core/index.ts'
import type { Node } from '../graph/index.ts'
import type { Lowered } from '../operators/index.ts'

/** One operator of the run. */
export interface RecordedEntry extends TraceEntry {
  readonly source: Node
  readonly opset: number
  /** Undefined for an operator without kernels: another device ran it. */
  readonly lowered: Lowered | undefined
}

/** A value that the recording hangs on: where a run gives other bytes, it must be recorded anew. */
export interface Guard {
  readonly name: string
  readonly bytes: Uint8Array
}

/** The run. It holds for inputs of these shapes whose values meet all `guards`. */
export interface Recording {
  readonly entries: readonly RecordedEntry[]
  /** Of every value: inputs, constants, what entries make. */
  readonly types: ReadonlyMap<string, TensorType>
  /** Constants that entries or outputs name. */
  readonly constants: ReadonlyMap<string, Tensor>
  /** Names of the graph's inputs, in its order. */
  readonly inputs: readonly string[]
  /** For each output of the graph the value that it is, in order. */
  readonly outputs: readonly string[]
  readonly guards: readonly Guard[]
}

const NOTHING: ReadonlySet<string> = new Set()

/** The entries that values hang on, in order: what must run to have them, where the values of `have` are at hand. */
export function entriesFor(
  { entries }: Pick<Recording, 'entries'>,
  names: Iterable<string>,
  have: { has(name: string): boolean } = NOTHING,
): readonly RecordedEntry[] {
  const wanted = new Set(names)
  const found: RecordedEntry[] = []
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i] as RecordedEntry
    if (!entry.outputs.some((name) => name !== '' && wanted.has(name))) continue
    for (const name of entry.inputs) if (name !== '' && !have.has(name)) wanted.add(name)
    found.push(entry)
  }
  return found.reverse()
}
