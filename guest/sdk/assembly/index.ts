/** What contracts use. */

export { context, revert } from './context'
export { emit } from './events'
export { add, mul, sub } from './checked'
export { sha256 } from './crypto'
export { StorageMap, StorageValue } from './storage'
export { fromUtf8, toHex, toUtf8 } from './bytes'
