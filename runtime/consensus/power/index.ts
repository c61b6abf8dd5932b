/** The power line: chips, nodes, bonds and vendors in the state, and the set of each epoch that follows from them. docs/spec/power.md says it in words. */
export type { CatSeats, EpochStep } from './api.ts'
export { AHEAD } from './by-epoch.ts'
export { burnBond, readUnbonding, setBond, unitsOf, writeUnbonding } from './bonds.ts'
export { endEpoch, type EpochEnd } from './epoch-end.ts'
export { foundPower } from './founding.ts'
export { chipBlsKey, chipKey, identityKeyKey, nodeKey, voteKeyKey } from './keys.ts'
export { forgetLease, leaseAt, leaseReaches, noteLease } from './leases.ts'
export type { PowerRules } from './line.ts'
export {
  catSeatsOf,
  changePower,
  hasRoom,
  readChip,
  readNode,
  seatChip,
  unseatChip,
  withChip,
  writeChip,
  writeNode,
  type Moment,
} from './registry.ts'
export { addVendor, isVendor, isVendorName } from './vendors.ts'
