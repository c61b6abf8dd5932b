/** The memory of one loaded model: shared among the threads that run it, divided here, at most as large as a guest's may be. */
import { limitError, LIMITS } from '../../../core/index.ts'
import { FreeList } from './free-list.ts'
import { roomFor } from './plan.ts'

const PAGE = 65_536

/** The guest `exact`, prepared, its memory imported and shared. */
export interface ExactModule {
  readonly compiled: WebAssembly.Module
  /** Pages that its memory begins with, and those that it may grow to. */
  readonly minPages: number
  readonly maxPages: number
}

/** The same before it is compiled. */
export interface ExactCode extends Omit<ExactModule, 'compiled'> {
  readonly code: Uint8Array
}

export class ModelMemory {
  readonly memory: WebAssembly.Memory
  readonly #base: number
  readonly #maxPages: number
  readonly #list = new FreeList()
  #arena = { at: 0, bytes: 0 }

  constructor({ minPages, maxPages }: ExactModule, quotaPages: number = LIMITS.memoryPages) {
    this.#maxPages = Math.min(maxPages, quotaPages)
    this.memory = new WebAssembly.Memory({ initial: minPages, maximum: maxPages, shared: true })
    this.#base = minPages * PAGE
  }

  get bytes(): number {
    return this.memory.buffer.byteLength
  }

  /** All of it, as it is now: asked for anew behind everything that may make it grow. */
  view(): Uint8Array {
    return new Uint8Array(this.memory.buffer)
  }

  /** Address of `bytes` and what kernels may read behind them, on a border of 16. Throws `core_too_large` over the quota. */
  take(bytes: number): number {
    const at = this.#list.take(roomFor(bytes))
    this.#grow()
    return this.#base + at
  }

  give(address: number, bytes: number): void {
    this.#list.give(address - this.#base, roomFor(bytes))
  }

  /** Where runs put what they need while they run, one run at a time: at least so many bytes. It may move. */
  arena(bytes: number): number {
    if (bytes > this.#arena.bytes) {
      if (this.#arena.bytes > 0) this.give(this.#arena.at, this.#arena.bytes)
      this.#arena = { at: 0, bytes: 0 }
      this.#arena = { at: this.take(bytes), bytes }
    }
    return this.#arena.at
  }

  #grow(): void {
    const pages = Math.ceil((this.#base + this.#list.end) / PAGE)
    const now = this.memory.buffer.byteLength / PAGE
    if (pages <= now) return
    if (pages > this.#maxPages)
      throw limitError('core_too_large', 'memoryPages', pages, this.#maxPages, 'memory of the model on device wasm, in pages of 64 KiB')
    this.memory.grow(pages - now)
  }
}
