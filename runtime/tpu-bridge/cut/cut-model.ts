/** A model that is cut at guest operators: a device runs the pieces between, guests the operators, in the order of the file. */
import type { NamedTensor, Tensor, TensorSpec } from '../../core/index.ts'
import { fileCid, UtnetError } from '../../core/index.ts'
import type { Device, LoadedModel, VerifiedRun } from '../device.ts'
import type { Model, Node, Segment } from '../graph/index.ts'
import { segmentModel, segments } from '../graph/index.ts'
import { checkInputs } from '../specs.ts'
import { guestName, isGuestNode, operandsOf, type GuestOperators } from './guest-operators.ts'

interface LoadedPiece {
  /** Dtypes of its inputs: what the file of the piece was written for. */
  readonly key: string
  readonly loaded: LoadedModel
}

type Values = Map<string, Tensor>

export class CutModel implements LoadedModel {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  readonly bytes: number
  readonly #device: Device
  readonly #guests: GuestOperators
  readonly #model: Model
  readonly #segments: readonly Segment[]
  readonly #pieces = new Map<Segment, LoadedPiece>()

  /** Throws `operator_unsupported` for a guest operator in a subgraph, `model_invalid` where an output has no declared type. */
  constructor(device: Device, guests: GuestOperators, model: Model, bytes: number) {
    this.#device = device
    this.#guests = guests
    this.#model = model
    this.#segments = segments(model, isGuestNode).filter((s) => s.outputs.length > 0)
    this.inputs = model.graph.inputs
    this.outputs = model.graph.outputs.map(({ name, dtype, shape }) => {
      if (dtype === undefined) throw new UtnetError('model_invalid', `output ${name.slice(0, 80)} of the model has no declared type`)
      return { name, dtype, shape: shape ?? [] }
    })
    this.bytes = bytes
  }

  async run(inputs: readonly NamedTensor[]): Promise<readonly NamedTensor[]> {
    const piece = (loaded: LoadedModel, fed: readonly NamedTensor[]): Promise<readonly NamedTensor[]> => loaded.run(fed)
    return this.#outputs(await this.#walk(this.#copies(inputs), piece, () => {}))
  }

  /**
   * Guest operators are exceptions with the arithmetic of their guests among the entries of the pieces. There are no checkpoints: their rule is over the whole trace, and
   * no device sees all of it.
   */
  async verified(inputs: readonly NamedTensor[]): Promise<VerifiedRun> {
    let arithmetic = this.#device.arithmetic
    let entries = 0
    const exceptions: [entry: number, arithmetic: string][] = []
    const values = await this.#walk(
      this.#copies(inputs),
      async (loaded, fed) => {
        const run = await loaded.verified(fed)
        arithmetic = run.arithmetic
        for (const [entry, id] of run.exceptions) exceptions.push([entries + entry, id])
        entries += run.entries
        return run.outputs
      },
      (id) => void exceptions.push([entries++, id]),
    )
    return { arithmetic, entries, checkpoints: [], exceptions, outputs: this.#outputs(values) }
  }

  async close(): Promise<void> {
    const pieces = [...this.#pieces.values()]
    this.#pieces.clear()
    await Promise.all(pieces.map(({ loaded }) => loaded.close()))
  }

  /** Checked and copied, so that nobody changes them while a guest is waited for. */
  #copies(inputs: readonly NamedTensor[]): Values {
    checkInputs(this.inputs, inputs)
    return new Map(inputs.map(({ name, dtype, shape, data }) => [name, { dtype, shape, data: new Uint8Array(data) }]))
  }

  async #walk(
    values: Values,
    run: (piece: LoadedModel, inputs: readonly NamedTensor[]) => Promise<readonly NamedTensor[]>,
    ranGuest: (arithmetic: string) => void,
  ): Promise<Values> {
    for (const segment of this.#segments) {
      if (segment.custom !== undefined) {
        ranGuest(await this.#guest(segment.custom, values))
        continue
      }
      const fed = segment.inputs.map((name) => ({ name, ...this.#value(values, name) }))
      for (const { name, ...tensor } of await run(await this.#piece(segment, fed), fed)) values.set(name, tensor)
    }
    return values
  }

  /** Runs a guest operator; gives the arithmetic of its guest. */
  async #guest(node: Node, values: Values): Promise<string> {
    const guest = await this.#guests.find(guestName(node.op))
    const outputs = await guest.run(operandsOf(node).map((name) => ({ name, ...this.#value(values, name) })))
    node.outputs.forEach((name, i) => {
      if (name === '') return
      const output = outputs[i]
      if (output === undefined)
        throw new UtnetError(
          'guest_bad_answer',
          `guest ${guestName(node.op)} gave ${outputs.length} tensors, the model takes ${node.outputs.length}`,
        )
      values.set(name, { dtype: output.dtype, shape: output.shape, data: output.data })
    })
    return `exact:${guest.module.toString()}`
  }

  /** The piece on the device, for inputs of these types, the first side free: what a guest gives is known only when it has run. */
  async #piece(segment: Segment, fed: readonly NamedTensor[]): Promise<LoadedModel> {
    const types = new Map(
      fed.map((t) => [t.name, { dtype: t.dtype, shape: t.shape.map((side, axis) => (axis === 0 ? -1 : side)) }] as const),
    )
    const key = JSON.stringify([...types])
    const known = this.#pieces.get(segment)
    if (known?.key === key) return known.loaded
    const bytes = segmentModel(this.#model, segment, (name) => {
      const type = types.get(name)
      if (type === undefined) throw new UtnetError('node_internal', `the piece takes ${name.slice(0, 80)}, which nobody gave it`)
      return type
    })
    const loaded = await this.#device.load(bytes, fileCid(bytes))
    this.#pieces.set(segment, { key, loaded })
    await known?.loaded.close()
    return loaded
  }

  #value(values: Values, name: string): Tensor {
    const value = values.get(name) ?? this.#model.graph.constants.get(name)
    if (value === undefined) throw new UtnetError('model_invalid', `the model takes a value that nothing gives: ${name.slice(0, 80)}`)
    return { dtype: value.dtype, shape: value.shape, data: value.data }
  }

  #outputs(values: Values): readonly NamedTensor[] {
    return this.outputs.map(({ name }) => ({ name, ...this.#value(values, name) }))
  }
}
