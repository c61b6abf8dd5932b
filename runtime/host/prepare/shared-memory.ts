/** A prepared module whose memory comes from outside and is shared among threads: instances of it work side by side on the same tensors. */
import { UtnetError } from '../../core/index.ts'
import { readModule, SECTION, Writer } from '../wasm/index.ts'

/** The module, and the memory that it is given. */
export interface SharedMemoryModule {
  /** Imports its memory as `memory` of module `utnet`, and nothing else. */
  readonly bytes: Uint8Array
  /** Pages of 64 KiB that the memory must begin with, and those it may grow to: what is imported has exactly these. */
  readonly minPages: number
  readonly maxPages: number
}

/**
 * The variant of a prepared module for a host that runs several instances on one memory. Loads, stores and growth behave as before; the guest has no
 * threads, gas and globals stay each instance's own. Throws `guest_invalid` for a module with imports or without just one memory.
 */
export function withSharedMemory(prepared: Uint8Array): SharedMemoryModule {
  const module = readModule(prepared)
  const memory = module.memories[0]
  if (module.imports.length > 0 || module.memories.length !== 1 || memory?.max === undefined)
    throw new UtnetError('guest_invalid', 'only a module without imports and with one bounded memory can share it')
  const imported = new Writer().u32(1).name('utnet').name('memory').u8(2, 3).u32(memory.min).u32(memory.max)
  const out = new Writer(prepared.length + 64).raw(prepared.subarray(0, 8))
  let written = false
  const once = (): void => {
    if (!written) out.section(SECTION.import, imported)
    written = true
  }
  for (const section of module.sections) {
    // what stands before imports are types, and custom sections anywhere
    if (section.id !== SECTION.type && section.id !== SECTION.custom) once()
    if (section.id === SECTION.memory) continue
    out.section(section.id, prepared.subarray(section.start, section.end))
  }
  return { bytes: out.bytes(), minPages: memory.min, maxPages: memory.max }
}
