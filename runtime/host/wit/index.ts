export { loadWit } from './resolve.ts'
export type { WitInterface, WitModel, WitWorld, WitWorldItem } from './model.ts'
