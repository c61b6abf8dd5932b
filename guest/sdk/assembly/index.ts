/** What contracts use. */

export { context, revert } from './context'
export { emit } from './events'
export { add, mul, sub } from './checked'
export { sha256 } from './crypto'
export { StorageMap, StorageValue } from './storage'
export { fromUtf8, toHex, toUtf8 } from './bytes'
export { Box, Result, Tuple1, Tuple2, Tuple3, Tuple4, Tuple5, Tuple6, Tuple7, Tuple8, Unit, char } from './raw/abi'
