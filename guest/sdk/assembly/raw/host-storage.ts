// Generated from the WIT interface utnet:host/storage@0.1.0; do not edit.

import { Box, RETURN_AREA, Result, Tuple2, Tuple3, liftArray, liftBytes, liftString, newBlock, zeroed } from './abi'

@external('utnet:host/storage@0.1.0', 'get')
export declare function get__core(p0: usize, p1: usize, p2: usize): void

export function get_(key: Uint8Array): Uint8Array | null {
  get__core(key.dataStart, key.length, RETURN_AREA)
  return load0(RETURN_AREA)
}

@external('utnet:host/storage@0.1.0', 'set')
export declare function set__core(p0: usize, p1: usize, p2: usize, p3: usize): void

export function set_(key: Uint8Array, value: Uint8Array): void {
  set__core(key.dataStart, key.length, value.dataStart, value.length)
}

@external('utnet:host/storage@0.1.0', 'remove')
export declare function remove_core(p0: usize, p1: usize): void

export function remove(key: Uint8Array): void {
  remove_core(key.dataStart, key.length)
}

function load0(p: usize): Uint8Array | null {
  if (load<u8>(p) == 0) return null
  return liftBytes(load<usize>(p, 4), load<i32>(p, 8))
}
