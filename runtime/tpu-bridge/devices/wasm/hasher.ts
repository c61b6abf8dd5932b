/** Roots of tensors in a model's memory, made in a thread of its own while the model goes on. */
import { Worker } from 'node:worker_threads'
import { UtnetError } from '../../../core/index.ts'
import type { Dtype } from '../../../core/index.ts'
import { hashWorkerUrl } from '../location.ts'

/** A tensor that lies in the memory, and stays as it is until its root is there. */
export interface PlacedTensor {
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly at: number
  readonly bytes: number
}

export interface HashRequest {
  readonly id: number
  readonly memory: WebAssembly.Memory
  readonly tensors: readonly PlacedTensor[]
}

export interface HashReply {
  readonly id: number
  /** Roots; none where the thread could not make them. */
  readonly roots: readonly Uint8Array[] | undefined
  readonly ms: number
}

interface Waiting {
  readonly resolve: (reply: HashReply) => void
  readonly reject: (error: UtnetError) => void
}

export class Hasher {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #ids = 0
  #dead: UtnetError | undefined

  constructor() {
    this.#worker = new Worker(hashWorkerUrl(), { name: 'wasm-hashes' })
    this.#worker.unref()
    this.#worker.on('message', (reply: HashReply) => {
      const waiting = this.#waiting.get(reply.id)
      this.#waiting.delete(reply.id)
      if (this.#waiting.size === 0) this.#worker.unref()
      waiting?.resolve(reply)
    })
    this.#worker.on('error', (cause) => this.#fail(new UtnetError('device_failed', 'the thread that hashes came down', { cause })))
    this.#worker.on('exit', () => this.#fail(new UtnetError('device_failed', 'the thread that hashes ended')))
  }

  /** The roots of the tensors, in order, and the time that making them took. */
  hash(memory: WebAssembly.Memory, tensors: readonly PlacedTensor[]): Promise<HashReply> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead)
    return new Promise((resolve, reject) => {
      const id = ++this.#ids
      this.#waiting.set(id, { resolve, reject })
      this.#worker.ref()
      const request: HashRequest = { id, memory, tensors }
      this.#worker.postMessage(request)
    })
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #fail(error: UtnetError): void {
    this.#dead ??= error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
