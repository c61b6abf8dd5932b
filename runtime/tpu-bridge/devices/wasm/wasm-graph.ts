/** A model on kernels whose values can be looked at, and its operators alone. */
import { DTYPES, elementCount, UtnetError, type NamedTensor, type Tensor } from '../../../core/index.ts'
import { nodeAt, operandNames, type Model } from '../../graph/index.ts'
import { record, type Recording } from '../../trace/index.ts'
import { Engine, type ForeignDevice } from './engine.ts'
import type { ExactModule } from './memory.ts'

/** Values that are kept in one run: more take more runs. */
const KEPT_BYTES = 64 << 20

export class WasmGraph {
  readonly model: Model
  readonly #engine: Engine
  readonly #foreign: ForeignDevice | undefined

  constructor(model: Model, exact: ExactModule, foreign: ForeignDevice | undefined) {
    this.model = model
    this.#foreign = foreign
    this.#engine = new Engine(model, { exact, ...(foreign === undefined ? {} : { foreign }) })
  }

  recording(inputs: readonly NamedTensor[]): Promise<Recording> {
    return this.#engine.recording(inputs)
  }

  async values(recording: Recording, inputs: readonly NamedTensor[], names: readonly string[]): Promise<readonly Tensor[]> {
    const found = new Map<string, Tensor>()
    for (const t of inputs) found.set(t.name, { dtype: t.dtype, shape: t.shape, data: t.data })
    for (const [name, t] of recording.constants) found.set(name, t)
    const size = (name: string): number => {
      const type = recording.types.get(name)
      if (type === undefined) throw new UtnetError('core_bad_argument', `the run has no value ${name.slice(0, 80)}`)
      return elementCount(type.shape, 'value') * DTYPES[type.dtype]
    }
    const wanted = [...new Set(names)].filter((name) => !found.has(name))
    for (let at = 0; at < wanted.length;) {
      const batch: string[] = []
      for (let bytes = 0; at < wanted.length; at++) {
        bytes += size(wanted[at] as string)
        if (batch.length > 0 && bytes > KEPT_BYTES) break
        batch.push(wanted[at] as string)
      }
      const values = await this.#engine.values(recording, inputs, batch)
      batch.forEach((name, i) => found.set(name, values[i] as Tensor))
    }
    return names.map((name) => found.get(name) as Tensor)
  }

  /** The node at a path, whatever is around it. */
  async operator(path: readonly number[], operands: readonly (Tensor | undefined)[]): Promise<readonly Tensor[]> {
    const { node, constant } = nodeAt(this.model, path)
    const constants = new Map<string, Tensor>()
    const inputs = new Map<string, NamedTensor>()
    operandNames(node).forEach((name, i) => {
      if (name === '') return
      const known = constant(name)
      const operand = operands[i]
      if (known !== undefined) constants.set(name, known)
      else if (operand === undefined)
        throw new UtnetError('core_bad_argument', `operand ${i} of the node at [${path.join(',')}] is missing`)
      else if (!inputs.has(name)) inputs.set(name, { name, dtype: operand.dtype, shape: operand.shape, data: operand.data })
    })
    const outputs = node.outputs.filter((name) => name !== '')
    const graph = { inputs: [...inputs.values()], outputs: outputs.map((name) => ({ name })), constants, nodes: [node] }
    const alone: Model = { opsets: this.model.opsets, graph }
    const fed = [...inputs.values()]
    const foreign = this.#foreign
    const recording = await record(alone, fed, {
      // a node alone waits for nothing: its operands are inputs and constants
      evaluate: () => Promise.reject(new UtnetError('node_internal', 'an operator alone asks for what it makes itself')),
      ...(foreign === undefined
        ? {}
        : { foreign: () => foreign.run(this.model, { path, operands }), foreignArithmetic: foreign.arithmetic }),
    })
    if (recording.entries[0]?.lowered === undefined && foreign !== undefined) {
      const found = [...(await foreign.run(this.model, { path, operands }))]
      return node.outputs.map((name) => (name === '' ? NOTHING : (found.shift() as Tensor)))
    }
    const found = [...(await this.values(recording, fed, outputs))]
    return node.outputs.map((name) => (name === '' ? NOTHING : (found.shift() as Tensor)))
  }

  async close(): Promise<void> {
    this.#engine.close()
  }
}

const NOTHING: Tensor = { dtype: 'u8', shape: [0], data: new Uint8Array(0) }
