/** Memories of instances that are gone, for the next new ones: as good as new, and already there (see prepare/lent.ts). */
import { LIMITS } from '../../core/index.ts'
import type { MemoryShape } from '../prepare/index.ts'

const PAGE = 65_536

/** A memory of zeros; sizes are pages of 64 KiB. */
export function newMemory({ minPages, maxPages }: MemoryShape): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: minPages, maximum: maxPages })
}

/** A memory is of another shape where its maximum is another: the engine holds a module to it. */
const keyOf = ({ minPages, maxPages }: MemoryShape): number => minPages * (LIMITS.memoryPages + 1) + maxPages

export class SpareMemories {
  readonly #spare = new Map<number, WebAssembly.Memory[]>()
  #bytes = 0

  /** Of the memories that wait. */
  get bytes(): number {
    return this.#bytes
  }

  /** A memory of zeros. */
  take(shape: MemoryShape): WebAssembly.Memory {
    const found = this.#spare.get(keyOf(shape))?.pop()
    if (found === undefined) return newMemory(shape)
    this.#bytes -= shape.minPages * PAGE
    return found
  }

  /** Takes the memory of an instance that nothing runs in any more, nor ever will. One that grew, or for which there is no room, is not kept: false. */
  give(shape: MemoryShape, memory: WebAssembly.Memory): boolean {
    const { buffer } = memory
    const size = shape.minPages * PAGE
    if (buffer.byteLength !== size || size === 0 || this.#bytes + size > LIMITS.spareMemoryBytes) return false
    new Uint8Array(buffer).fill(0)
    const key = keyOf(shape)
    const of = this.#spare.get(key)
    if (of === undefined) this.#spare.set(key, [memory])
    else of.push(memory)
    this.#bytes += size
    return true
  }
}
