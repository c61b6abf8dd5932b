/** Meters of the tensor bridge. Only the main thread has devices, so nothing here is summed over threads. */
import { Counter, Gauge, Histogram, type OpenMetricsContentType, type Registry } from 'prom-client'
import type { Phase, ServingState } from '../../tpu-bridge/index.ts'

export interface DeviceMeters {
  /** A device was timed; seconds of wall time. */
  device(device: string, phase: Phase, seconds: number): void
  /** A run was placed anew, since this device failed. */
  replaced(device: string): void
}

/** From a small model on a fast device to a large one that is made ready. */
const SECONDS: readonly number[] = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10]

const HELP: Readonly<Record<Phase, string>> = {
  load: 'Wall time of making a model ready on a device',
  'first-run': 'Wall time of the first run of a loaded model (cold)',
  run: 'Wall time of later runs (warm)',
}

/** Registers them; `serving` is asked when they are read. */
export function deviceMeters(registry: Registry<OpenMetricsContentType>, serving: () => ServingState): DeviceMeters {
  const of = { registers: [registry], labelNames: ['device'] as const }
  const timer = (phase: Phase): Histogram<'device'> => {
    const name = `utnet_device_${phase.replace('-', '_')}_seconds`
    return new Histogram({ ...of, name, help: HELP[phase], buckets: [...SECONDS] })
  }
  const timers: Readonly<Record<Phase, Histogram<'device'>>> = { load: timer('load'), 'first-run': timer('first-run'), run: timer('run') }
  const replaced = new Counter({ ...of, name: 'utnet_device_lost_runs', help: 'Runs that were placed anew since the device failed' })

  const gauge = (name: string, help: string, read: (device: ServingState['devices'][number]) => number): void => {
    new Gauge({
      ...of,
      name,
      help,
      collect() {
        for (const device of serving().devices) this.set({ device: device.id }, read(device))
      },
    })
  }
  gauge('utnet_device_runs_in_flight', 'Runs at the place of the device that are not over', (d) => d.atWork)
  gauge('utnet_device_sessions', 'Models that are loaded', (d) => d.sessions)
  gauge('utnet_device_session_bytes', 'Memory of loaded models, as an estimate', (d) => d.bytes)

  new Gauge({
    registers: [registry],
    name: 'utnet_device_state',
    help: 'Devices of the node, as they were last seen',
    labelNames: ['device', 'arithmetic', 'state'],
    collect() {
      this.reset()
      for (const { id, arithmetic, condition } of serving().devices)
        this.set({ device: id, arithmetic, state: typeof condition === 'string' ? condition : condition.code }, 1)
    },
  })

  const counted = (name: string, help: string, read: (state: ServingState) => number): void => {
    new Counter({
      registers: [registry],
      name,
      help,
      collect() {
        this.reset()
        this.inc(read(serving()))
      },
    })
  }
  counted('utnet_batched_runs', 'Runs that were joined with others', (state) => state.joined)
  counted('utnet_batches', 'Batches that they made', (state) => state.batches)

  return {
    device: (device, phase, seconds) => timers[phase].observe({ device }, seconds),
    replaced: (device) => replaced.inc({ device }),
  }
}
