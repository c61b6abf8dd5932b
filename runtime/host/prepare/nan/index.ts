/** Where NaNs are made canonical. */
export { DelayedFixes, type Fixes } from './nan.ts'
