/**
 * What runs in a host that keeps spare memories: a module whose memory is lent to it, as `memory` of module `utnet`. The engine makes a memory by
 * reserving gigabytes of addresses, and the machine gives each page at its first touch: a third of what a new instance costs.
 */
import { LIMITS } from '../../core/index.ts'
import type { CoreModule } from '../wasm/index.ts'
import { prepareModule, type PrepareOptions } from './prepare.ts'

/** Pages of 64 KiB: the memory that is lent has exactly these. */
export interface MemoryShape {
  readonly minPages: number
  readonly maxPages: number
}

/** A prepared module, and the shape of the memory that it must be lent. */
export interface LentModule {
  readonly prepared: Uint8Array
  /** Undefined where the memory is the module's own: it has none, or one that begins with more than `pooledPages`. */
  readonly memory: MemoryShape | undefined
}

function shapeOf({ memories, imports }: CoreModule): MemoryShape | undefined {
  const [memory] = memories
  if (memory === undefined || memory.min > LIMITS.pooledPages || imports.some(({ kind }) => kind === 'memory')) return undefined
  return { minPages: memory.min, maxPages: Math.min(memory.max ?? LIMITS.memoryPages, LIMITS.memoryPages) }
}

/** Prepares a validated module for a host that lends it a memory. Throws as `prepareModule` does. */
export function prepareLent(module: CoreModule, options: Pick<PrepareOptions, 'positions'> = {}): LentModule {
  const memory = shapeOf(module)
  return { prepared: prepareModule(module, { ...options, memory: memory === undefined ? 'own' : 'lent' }), memory }
}
