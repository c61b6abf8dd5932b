/** What contracts use. */

export { Amount } from './amount'
export { context, require, revert } from './context'
export { Attempt, Contract, Nothing, Reason } from './contracts'
export { Event, emit } from './events'
export { add, mul, sub } from './checked'
export { sha256, verifyEd25519 } from './crypto'
export { Entry, StorageCounter, StorageGroup, StorageMap, StorageOrderedMap, StorageSet, StorageValue, StorageVector } from './storage'
export { fromHex, fromUtf8, toHex, toUtf8 } from './bytes'
export { Box, Result, Tuple1, Tuple2, Tuple3, Tuple4, Tuple5, Tuple6, Tuple7, Tuple8, Unit, char } from './raw/abi'
