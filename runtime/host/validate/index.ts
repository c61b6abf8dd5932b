/** The validator of guests. */
export { inspect, validate, type Inspection, type ValidGuest } from './validate.ts'
export { whitelist, whitelistBytes, type Feature } from './whitelist.ts'
export type { Worlds } from './world.ts'
