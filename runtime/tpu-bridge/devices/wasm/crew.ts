/** The threads that do shares of a run beside the one that leads it. They wait between runs and cost nothing then. */
import { Worker } from 'node:worker_threads'
import { crewWorkerUrl } from '../location.ts'
import type { ExactModule } from './memory.ts'

/** What a thread of the crew is started with: its own number, from 1, and how many lanes there are, the leader's counted. */
export interface CrewThreadData {
  readonly compiled: WebAssembly.Module
  readonly lane: number
  readonly lanes: number
}

export type CrewMessage =
  | { readonly op: 'join'; readonly id: number; readonly memory: WebAssembly.Memory }
  | { readonly op: 'leave'; readonly id: number }
  | {
      readonly op: 'run'
      readonly id: number
      readonly calls: Int32Array
      readonly from: number
      readonly to: number
      readonly state: Int32Array
    }

export class Crew {
  readonly lanes: number
  readonly #workers: readonly Worker[]
  #ids = 0

  /** `lanes` is at least 2: the leader is one of them. */
  constructor({ compiled }: ExactModule, lanes: number) {
    this.lanes = lanes
    this.#workers = Array.from({ length: lanes - 1 }, (_, i) => {
      const workerData: CrewThreadData = { compiled, lane: i + 1, lanes }
      const worker = new Worker(crewWorkerUrl(), { workerData, name: `wasm-lane-${i + 1}` })
      worker.unref()
      return worker
    })
  }

  /** Makes every thread ready for the model in this memory; gives its number. */
  join(memory: WebAssembly.Memory): number {
    const id = ++this.#ids
    this.#post({ op: 'join', id, memory })
    return id
  }

  leave(id: number): void {
    this.#post({ op: 'leave', id })
  }

  /** Sets the other lanes to work. */
  run(id: number, calls: Int32Array, from: number, to: number, state: Int32Array): void {
    this.#post({ op: 'run', id, calls, from, to, state })
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #post(message: CrewMessage): void {
    for (const worker of this.#workers) worker.postMessage(message, [])
  }
}
