/** Preparation: metered, canonicalised modules. */
export { type Counter, type Scheme, Positions } from './schemes/index.ts'
export { isPoolable } from './pool.ts'
export { COUNTER_MODULE } from '../wasm/index.ts'
export { prepareLent, type LentModule, type MemoryShape } from './lent.ts'
export {
  CHARGE_EXPORT,
  GAS_EXPORT,
  LENT_MEMORY,
  prepareModule,
  RESET_EXPORT,
  STACK_EXPORT,
  START_EXPORT,
  type PrepareOptions,
} from './prepare.ts'
export { instanceGas, itemsGas, pricesOf, reachOf } from './prices.ts'
export { chargedBy, probeCount } from './counters/index.ts'
export { checkProcessor } from './nan/index.ts'
export { prepareProfiling, readCounters, readLeastStack, readProbes, type FunctionCharge } from './profile.ts'
export { withSharedMemory, type SharedMemoryModule } from './shared-memory.ts'
