/** Roots of tensors made in a thread of its own: of those in a model's memory while the model goes on, or of those that are handed over. */
import { Worker } from 'node:worker_threads'
import { UtnetError } from '../../../core/index.ts'
import type { Dtype, Tensor } from '../../../core/index.ts'
import { hashWorkerUrl } from '../location.ts'

/** A tensor that lies in the memory, and stays as it is until its root is there. */
export interface PlacedTensor {
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly at: number
  readonly bytes: number
}

/** One run whose tensors are hashed while it goes on. */
export interface HashRequest {
  readonly id: number
  readonly memory: WebAssembly.Memory
  /** What is to be hashed when the run has reached a mark. */
  readonly marks: readonly (readonly PlacedTensor[])[]
  /** One word: how many marks were reached, or `ABANDONED`. */
  readonly reached: Int32Array
}

/** Tensors that are handed over; their NaNs need not be canonical. */
export interface TensorsRequest {
  readonly id: number
  readonly tensors: readonly Tensor[]
}

/** The run ended before its last mark. */
export const ABANDONED = -1

export interface HashReply {
  readonly id: number
  /** By mark; none where the run was abandoned, or the thread could not make them. */
  readonly roots: readonly (readonly Uint8Array[])[] | undefined
  /** What the hashing alone took. */
  readonly ms: number
}

/** The hashing beside one run. */
export interface Hashing {
  /** So many marks were reached: what lies there may be read from now on. */
  reached(marks: number): void
  abandon(): void
  readonly reply: Promise<HashReply>
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

  /** Hashes the tensors of each mark as soon as it is reached. One run at a time. */
  begin(memory: WebAssembly.Memory, marks: HashRequest['marks']): Hashing {
    const reached = new Int32Array(new SharedArrayBuffer(4))
    const told = (value: number): void => {
      Atomics.store(reached, 0, value)
      Atomics.notify(reached, 0)
    }
    const id = ++this.#ids
    const reply = new Promise<HashReply>((resolve, reject) => {
      if (this.#dead !== undefined) return reject(this.#dead)
      this.#waiting.set(id, { resolve, reject })
      this.#worker.ref()
      const request: HashRequest = { id, memory, marks, reached }
      this.#worker.postMessage(request, [])
    })
    // one that nobody waits for any more must not end the process
    reply.catch(() => {})
    return { reached: told, abandon: () => told(ABANDONED), reply }
  }

  /** The roots of tensors, with canonical NaNs. Their memory is handed over: it must be theirs alone, and is gone afterwards. */
  async roots(tensors: readonly Tensor[]): Promise<readonly Uint8Array[]> {
    if (this.#dead !== undefined) throw this.#dead
    const id = ++this.#ids
    const reply = await new Promise<HashReply>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker.ref()
      const request: TensorsRequest = { id, tensors }
      this.#worker.postMessage(
        request,
        tensors.map((t) => t.data.buffer as ArrayBuffer),
      )
    })
    const [roots] = reply.roots ?? []
    if (roots === undefined) throw new UtnetError('device_failed', 'the thread that hashes could not make the roots')
    return roots
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
