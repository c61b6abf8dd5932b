/** Devices as the bridge serves them: timed, and batched where that pays. */
import { batched, type BatchCounts } from './batching.ts'
import type { Device, LoadedModel } from './device.ts'

/** What a device was timed at: making a model ready, its first run (cold), a later one (warm). */
export type Phase = 'load' | 'first-run' | 'run'

/** Told of what devices do, as it happens. */
export interface BridgeWatch {
  /** `seconds` of wall time, from asking to the answer: it includes waiting for other models on the same device. */
  timed(device: string, phase: Phase, seconds: number): void
  /** A run was placed anew, since this device failed. */
  replaced(device: string): void
}

/**
 * Where batches pay: measured on PP-OCRv4 cls, 8 at a time, 1.5 times as many runs on `onnx-cpu` with two threads (bench part `serving`). `wasm` gains nothing. `onnx-web`
 * gains a fifth, but is exact: what it says must be true for numbers that no self-test has seen. A remote server batches by itself.
 */
const BATCHED: ReadonlySet<string> = new Set(['onnx-cpu', 'onnx-gpu'])

/** The same device; its plain runs are batched where that pays. */
export function served(device: Device, watch: BridgeWatch, counts: BatchCounts): Device {
  return {
    id: device.id,
    class: device.class,
    arithmetic: device.arithmetic,
    ...(device.place === undefined ? {} : { place: device.place }),
    available: () => device.available(),
    async load(bytes, model) {
      const began = performance.now()
      const loaded = timed(device.id, await device.load(bytes, model), watch)
      watch.timed(device.id, 'load', secondsSince(began))
      return BATCHED.has(device.id) ? batched(loaded, counts) : loaded
    },
    close: () => device.close(),
  }
}

const secondsSince = (began: number): number => (performance.now() - began) / 1000

function timed(device: string, model: LoadedModel, watch: BridgeWatch): LoadedModel {
  let first = true
  async function clocked<T>(running: Promise<T>): Promise<T> {
    const began = performance.now()
    const phase = first ? 'first-run' : 'run'
    first = false
    const result = await running
    watch.timed(device, phase, secondsSince(began))
    return result
  }
  return {
    inputs: model.inputs,
    outputs: model.outputs,
    ...(model.together === undefined ? {} : { together: model.together }),
    bytes: model.bytes,
    run: (inputs) => clocked(model.run(inputs)),
    verified: (inputs) => clocked(model.verified(inputs)),
    close: () => model.close(),
  }
}
