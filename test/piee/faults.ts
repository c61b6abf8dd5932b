/** Faults of a prover, of every kind that is asked about: runs that are not what they claim to be. */
import { digest, DTYPES, encode, fileCid, type GraphRun, type OperatorRunner, type Tensor } from '../../runtime/core/index.ts'
import { outlineOf, valueNames, valuesOf, withValues } from '../../runtime/piee/index.ts'
import { writeModel } from '../../runtime/tpu-bridge/graph/index.ts'
import { noiseInputs, onKernels, type RealModel } from './models.ts'

export const FAULTS = [
  'one element',
  'one operator',
  'swapped weights',
  'skipped layer',
  'other model',
  'reused output',
  'wrong input',
] as const
export type Fault = (typeof FAULTS)[number]

/** Numbers of a seed, one after the other. */
export class Draws {
  readonly #seed: string
  #at = 0

  constructor(seed: string) {
    this.#seed = seed
  }

  /** Below `n`. */
  next(n: number): number {
    const bytes = digest('test-draw', encode([this.#seed, this.#at++]))
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % n
  }
}

const clone = (tensor: Tensor): Tensor => ({ ...tensor, data: new Uint8Array(tensor.data) })

/** Other bits in one element, in place: of a float another number of its size, never a NaN. */
function bend({ dtype, data }: Tensor, element: number, by: number): void {
  const size = DTYPES[dtype]
  const at = element * size + (size > 1 ? 1 : 0)
  data[at] = dtype === 'boolean' ? 1 - (data[at] as number) : (data[at] as number) ^ (1 + by)
}

const elements = ({ dtype, data }: Tensor): number => data.length / DTYPES[dtype]

/** Runs of one model with one fault each. */
export interface Faults {
  /**
   * Undefined where the draw found no place for the fault. `entry` is where the cost put it, for faults of a single place: the rest of their segment follows from it, what is
   * behind the next checkpoint is what it would have been.
   */
  make(fault: Fault, draws: Draws, entry: number): Promise<GraphRun | undefined>
}

/** `honest` is the run on the inputs of the claim; other runs that faults need are made here, once. */
export async function faultsOf(model: RealModel, honest: GraphRun, seed: string, operators: OperatorRunner): Promise<Faults> {
  const values = await valuesOf(honest)
  const batch = honest.inputs[0]?.shape[0] ?? 1
  const other = await otherRun(model, noiseInputs(model, `${seed} other`, batch))
  const swapped = await otherRun(altered(model, 'swap'), honest.inputs)
  const scaled = await otherRun(altered(model, 'scale'), honest.inputs)
  const get = (name: string): Tensor => values.get(name) as Tensor
  const spoof = (changes: ReadonlyMap<string, Tensor>): GraphRun => withValues(honest, new Map([...values, ...changes]))
  const { boundaries } = outlineOf(honest)

  /** The run with another output of an entry, and what follows from it up to the next checkpoint; undefined where nothing can. */
  async function follow(entry: number, name: string, tensor: Tensor): Promise<GraphRun | undefined> {
    const changed = new Map([[name, tensor]])
    const end = boundaries.find((boundary) => boundary > entry) ?? honest.trace.length
    for (const later of honest.trace.slice(entry + 1, end)) {
      if (!later.inputs.some((input) => changed.has(input))) continue
      try {
        const outputs = await operators.run(
          honest.model,
          later.path,
          later.inputs.map((input) => changed.get(input) ?? values.get(input)),
        )
        later.outputs.forEach((output, i) => output !== '' && changed.set(output, outputs[i] as Tensor))
      } catch {
        // an index or a shape that no operator takes: this device would not have come to an end
        return undefined
      }
      // shapes that hang on values: no run of this outline
      if (later.outputs.some((output, i) => output !== '' && changed.get(output)?.shape.join() !== later.types[i]?.shape.join()))
        return undefined
    }
    return spoof(changed)
  }

  const outputOf = (entry: number): string => honest.trace[entry]?.outputs.find((name) => name !== '' && get(name).data.length > 0) ?? ''

  return {
    async make(fault, draws, entry) {
      const name = outputOf(entry)
      if (name === '') return undefined
      switch (fault) {
        case 'one element': {
          const own = clone(get(name))
          bend(own, draws.next(elements(own)), draws.next(64))
          return follow(entry, name, own)
        }
        case 'one operator': {
          const own = clone(get(name))
          const by = draws.next(64)
          for (let i = 0; i < elements(own); i++) bend(own, i, by)
          return follow(entry, name, own)
        }
        case 'skipped layer': {
          const { dtype, shape } = get(name)
          const input = honest.trace[entry]?.inputs.find(
            (i) => values.has(i) && get(i).dtype === dtype && get(i).shape.join() === shape.join(),
          )
          return input === undefined ? undefined : follow(entry, name, clone(get(input)))
        }
        case 'reused output': {
          // from some entry on the values of an earlier request
          const names = honest.trace
            .slice(entry)
            .flatMap((e) => e.outputs)
            .filter((n) => n !== '' && other.has(n))
          return spoof(new Map(names.map((n) => [n, other.get(n) as Tensor])))
        }
        case 'wrong input': {
          const inputs = new Set(honest.inputs.map((t) => t.name))
          return spoof(new Map([...other].filter(([n]) => !inputs.has(n))))
        }
        case 'swapped weights':
          return swapped.size === 0 ? undefined : spoof(swapped)
        case 'other model':
          return spoof(scaled)
      }
    },
  }
}

/** Values of a run of a model that may be another one; of its inputs none. */
async function otherRun(model: RealModel, inputs: GraphRun['inputs']): Promise<Map<string, Tensor>> {
  const { runner } = await onKernels([model])
  try {
    const run = await runner.run(model.cid, inputs)
    const all = valueNames(run)
    return new Map((await run.values(all)).map((tensor, i) => [all[i] as string, tensor]))
  } finally {
    await runner.close()
  }
}

/** The model with two weights of one shape in each other's place, or with all weights of products a little larger. */
function altered(of: RealModel, how: 'swap' | 'scale'): RealModel {
  const { graph } = of.model
  const constants = new Map(graph.constants)
  const weights = [...constants].filter(([, t]) => t.dtype === 'f32' && t.shape.length >= 2 && t.data.length > 64)
  if (how === 'scale') for (const [name, tensor] of weights) constants.set(name, scaledBy(tensor, 1.25))
  else
    for (const [i, [name, tensor]] of weights.entries()) {
      const match = weights.slice(i + 1).find(([, t]) => t.shape.join() === tensor.shape.join())
      if (match === undefined) continue
      constants.set(name, match[1])
      constants.set(match[0], tensor)
      break
    }
  const model = { ...of.model, graph: { ...graph, constants } }
  const bytes = writeModel(model)
  return { name: of.name, bytes, cid: fileCid(bytes), model }
}

function scaledBy(tensor: Tensor, factor: number): Tensor {
  const own = new Uint8Array(tensor.data)
  const values = new Float32Array(own.buffer)
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * factor
  return { ...tensor, data: own }
}
