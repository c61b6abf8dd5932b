/** The contract's state as typed containers. The same kind under the same name is the same container. */

export { StorageCounter, StorageValue } from './value'
export { StorageGroup, StorageMap } from './map'
export { StorageVector } from './vector'
export { Entry, StorageOrderedMap, StorageSet } from './ordered'
