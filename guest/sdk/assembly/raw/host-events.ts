// Generated from the WIT interface utnet:host/events@0.1.0; do not edit.

import { Box, RETURN_AREA, Result, Tuple2, Tuple3, liftArray, liftBytes, liftString, newBlock, zeroed } from './abi'

@external('utnet:host/events@0.1.0', 'emit')
export declare function emit_core(p0: usize, p1: usize, p2: usize, p3: usize): void

export function emit(name: string, data: Uint8Array): void {
  emit_core(changetype<usize>(name), name.length, data.dataStart, data.length)
}
