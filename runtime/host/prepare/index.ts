/** Preparation: metered, canonicalised modules. */
export { naiveScheme, type Charge, type GasScheme } from './gas.ts'
export { CHARGE_EXPORT, GAS_EXPORT, prepareModule, RESET_EXPORT, STACK_EXPORT, START_EXPORT, type PrepareOptions } from './prepare.ts'
export { readCounters, type FunctionCharge } from './profile.ts'
export { isPoolable } from './reuse.ts'
