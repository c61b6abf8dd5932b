/**
 * `simulated-tpu`: no such device is here. Its results are those of our exact kernels, bit for bit, and so its arithmetic id is theirs; its time is what a systolic array would
 * take, by a model; its memory is divided among tenants for real.
 */
import { UtnetError, type CID, type NamedTensor, type TensorType, type TraceEntry } from '../../../core/index.ts'
import type { Device, LoadedModel } from '../../device.ts'
import { readModel, type Model } from '../../graph/index.ts'
import { wasmDevice, type ExactGuest } from '../wasm/index.ts'
import { wasmRunner } from '../graph-runner.ts'
import { Partitions } from './partitions.ts'
import { cyclesOf, nanosecondsOf } from './systolic.ts'

/** The kernels, and the memory that tenants share. */
export interface SimulatedTpuOptions {
  readonly exact: ExactGuest
  /** Of the device, in bytes; 256 MiB where nothing is said. */
  readonly memoryBytes?: number
  /** Bytes by tenant; all of it for `main` where nothing is said. */
  readonly quotas?: Readonly<Record<string, number>>
}

/** The device, its memory and its clock. */
export interface SimulatedTpu extends Device {
  readonly memory: Partitions
  /** The device as one tenant sees it: what it loads counts for its quota. */
  partition(tenant: string): Device
  /** What all runs so far would have taken, in nanoseconds. */
  simulatedNs(): number
}

const MEMORY_BYTES = 256 * 1024 * 1024
const MAIN = 'main'

/** The device; by itself it is the tenant `main`. */
export function simulatedTpu({ exact, memoryBytes = MEMORY_BYTES, quotas = { [MAIN]: memoryBytes } }: SimulatedTpuOptions): SimulatedTpu {
  const memory = new Partitions(memoryBytes, quotas)
  const kernels = wasmDevice({ exact })
  let nanoseconds = 0

  function tenantOf(tenant: string): Device {
    return {
      id: 'simulated-tpu',
      class: 'exact',
      place: 'simulated-tpu',
      arithmetic: kernels.arithmetic,
      available: () => kernels.available(),
      async load(bytes, model) {
        const own = new Uint8Array(bytes)
        const graph = readModel(own)
        const free = memory.hold(tenant, model.toString(), weightsOf(graph))
        try {
          const loaded = await kernels.load(own, model)
          return timed(loaded, own, model, free, (ns) => (nanoseconds += ns))
        } catch (error) {
          free()
          throw error
        }
      },
      close: () => kernels.close(),
    }
  }

  /** The model, each run of which is timed by its trace: once for each form of inputs, since time hangs on nothing else. */
  function timed(loaded: LoadedModel, bytes: Uint8Array, model: CID, free: () => void, add: (ns: number) => void): LoadedModel {
    const runner = wasmRunner({ exact, models: async () => bytes })
    const times = new Map<string, Promise<number>>()
    const timeOf = (inputs: readonly NamedTensor[]): Promise<number> => {
      const key = JSON.stringify(inputs.map(({ name, shape }) => [name, shape]))
      const found = times.get(key) ?? traceTime(inputs)
      times.set(key, found)
      return found
    }
    const traceTime = async (inputs: readonly NamedTensor[]): Promise<number> => {
      const run = await runner.run(model, inputs)
      try {
        return nanosecondsOf(totalCycles(run.trace, run.inputs, readModel(bytes)))
      } finally {
        await run.close()
      }
    }
    return {
      ...loaded,
      async run(inputs) {
        const outputs = await loaded.run(inputs)
        add(await timeOf(inputs))
        return outputs
      },
      async verified(inputs) {
        const verified = await loaded.verified(inputs)
        add(await timeOf(inputs))
        return verified
      },
      async close() {
        await Promise.all([loaded.close(), runner.close()])
        free()
      },
    }
  }

  return { ...tenantOf(MAIN), memory, partition: tenantOf, simulatedNs: () => nanoseconds }
}

/** Bytes of all constants, those of branches included. */
function weightsOf({ graph }: Model): number {
  let bytes = 0
  const visit = (g: Model['graph']): void => {
    for (const { data } of g.constants.values()) bytes += data.length
    for (const { attributes } of g.nodes) for (const a of attributes.values()) if (a.kind === 'graph') visit(a.value)
  }
  visit(graph)
  return bytes
}

/** Cycles of a whole run, its operators one after the other. Throws `node_internal` for a trace that names what is nowhere. */
export function totalCycles(trace: readonly TraceEntry[], inputs: readonly NamedTensor[], model: Model): number {
  const types = new Map<string, TensorType>(inputs.map((t) => [t.name, t]))
  const visit = (g: Model['graph']): void => {
    for (const [name, tensor] of g.constants) types.set(name, tensor)
    for (const { attributes } of g.nodes) for (const a of attributes.values()) if (a.kind === 'graph') visit(a.value)
  }
  visit(model.graph)
  let cycles = 0
  for (const entry of trace) {
    const operands = entry.inputs.flatMap((name) => (name === '' ? [] : [types.get(name)]))
    if (operands.includes(undefined)) throw new UtnetError('node_internal', `operator ${entry.operator} takes a value that nothing made`)
    cycles += cyclesOf(entry, operands as TensorType[])
    entry.outputs.forEach((name, i) => types.set(name, entry.types[i] ?? { dtype: 'u8', shape: [0] }))
  }
  return cycles
}
