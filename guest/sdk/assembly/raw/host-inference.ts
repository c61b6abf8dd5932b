// Generated from the WIT interface utnet:host/inference@0.1.0; do not edit.

import { Box, RETURN_AREA, Result, Tuple2, Tuple3, liftArray, liftBytes, liftString, newBlock, zeroed } from './abi'

export enum Arithmetic {
  any,
  bounded,
  exact,
}

@external('utnet:host/inference@0.1.0', 'request')
export declare function request_core(p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: usize, p6: usize, p7: usize, p8: i64): i64

export function request(model: string, inputs: Uint8Array, arithmetic: u8, callback: string, blocks: u32, gas: u64): u64 {
  return <u64>request_core(changetype<usize>(model), model.length, inputs.dataStart, inputs.length, <i32>arithmetic, changetype<usize>(callback), callback.length, <i32>blocks, <i64>gas)
}
