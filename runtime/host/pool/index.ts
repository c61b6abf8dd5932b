/** Instances kept for the next call, and how much of the machine a tenant may hold. */
export { Admission, type Ticket } from './admission.ts'
export { MemoryImage } from './image.ts'
export { newMemory, SpareMemories } from './memories.ts'
export { INSTANCE_BYTES, InstancePool, type Pooled } from './pool.ts'
