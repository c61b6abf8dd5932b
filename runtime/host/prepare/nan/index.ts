/** What becomes of NaNs: where they are made canonical, and what a processor must make of those that it converts. */
export { DelayedFixes, type Fixes } from './nan.ts'
export { checkProcessor } from './processor.ts'
