// Generated from the WIT interface utnet:host/crypto@0.1.0; do not edit.

import { Box, RETURN_AREA, Result, Tuple2, Tuple3, liftArray, liftBytes, liftString, newBlock, zeroed } from './abi'

@external('utnet:host/crypto@0.1.0', 'sha256')
declare function sha256_core(p0: usize, p1: usize, p2: usize): void

export function sha256(data: Uint8Array): Uint8Array {
  sha256_core(data.dataStart, data.length, RETURN_AREA)
  return liftBytes(load<usize>(RETURN_AREA), load<i32>(RETURN_AREA, 4))
}
