/** Preparation: metered, canonicalised modules. */
export { naiveScheme, type Charge, type GasScheme } from './gas.ts'
export { GAS_EXPORT, prepareModule, STACK_EXPORT, START_EXPORT, type PrepareOptions } from './prepare.ts'
export { COUNTER_MODULE } from './shared.ts'
export { readCounters, type FunctionCharge } from './profile.ts'
