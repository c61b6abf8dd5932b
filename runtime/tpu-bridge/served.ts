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
 * Where batches can pay: small models on many threads, and graphics processors; whether one does is measured for each shape (bench part `serving`: the time of eight joined
 * runs is 0.7 to 1.5 of those alone on `onnx-cpu`). `wasm` gains nothing. `onnx-web` gains a fifth on a small model, but is exact: what it says must be true for numbers that
 * no self-test has seen. A remote server batches by itself.
 */
const BATCHED: ReadonlySet<string> = new Set(['onnx-cpu', 'onnx-gpu'])

/** The same device; its plain runs are batched where that pays. `now` is in milliseconds. */
export function served(device: Device, watch: BridgeWatch, counts: BatchCounts, now: () => number): Device {
  return {
    id: device.id,
    class: device.class,
    arithmetic: device.arithmetic,
    ...(device.place === undefined ? {} : { place: device.place }),
    available: () => device.available(),
    async load(bytes, model) {
      const began = now()
      const loaded = timed(device.id, await device.load(bytes, model), watch, now)
      watch.timed(device.id, 'load', (now() - began) / 1000)
      return BATCHED.has(device.id) ? batched(loaded, counts, now) : loaded
    },
    close: () => device.close(),
  }
}

function timed(device: string, model: LoadedModel, watch: BridgeWatch, now: () => number): LoadedModel {
  let first = true
  async function clocked<T>(running: Promise<T>): Promise<T> {
    const began = now()
    const phase = first ? 'first-run' : 'run'
    first = false
    const result = await running
    watch.timed(device, phase, (now() - began) / 1000)
    return result
  }
  return {
    inputs: model.inputs,
    outputs: model.outputs,
    ...(model.together === undefined ? {} : { together: model.together }),
    gone: () => model.gone?.() ?? false,
    bytes: model.bytes,
    run: (inputs) => clocked(model.run(inputs)),
    verified: (inputs) => clocked(model.verified(inputs)),
    close: () => model.close(),
  }
}
