/** State: accounts, contracts and off-chain records over three tries. */
export { storeKey } from '../../core/index.ts'
export * from './keys.ts'
export * from './records.ts'
export * from './rollup-records.ts'
export * from './roots.ts'
export { WarmCode, warmModules } from './warm-code.ts'
export { burntOf, type Entries, mintedOf, NO_ACCOUNT, readAccount, WorkingState, type StateReader } from './working-state.ts'
