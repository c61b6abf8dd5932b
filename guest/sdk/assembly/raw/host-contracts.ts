// Generated from the WIT interface utnet:host/contracts@0.1.0; do not edit.

import { Box, RETURN_AREA, Result, Tuple2, Tuple3, liftArray, liftBytes, liftString, newBlock, zeroed } from './abi'

export enum Reason {
  notFound,
  reentrant,
  depth,
  arguments_,
  refused,
  trap,
  outOfGas,
}

export class Failure {
  constructor(
    public reason: u8,
    public message: string,
  ) {}
}

@external('utnet:host/contracts@0.1.0', 'call')
export declare function call_core(p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: usize, p6: i64, p7: usize): void

export function call(contract: string, export_: string, arguments_: Uint8Array, gas: u64): Result<Uint8Array, Failure> {
  call_core(changetype<usize>(contract), contract.length, changetype<usize>(export_), export_.length, arguments_.dataStart, arguments_.length, <i64>gas, RETURN_AREA)
  return load0(RETURN_AREA)
}

function load0(p: usize): Result<Uint8Array, Failure> {
  const v = zeroed<Result<Uint8Array, Failure>>()
  v.isErr = load<u8>(p) != 0
  if (!v.isErr) v.ok = liftBytes(load<usize>(p, 4), load<i32>(p, 8))
  if (v.isErr) v.err = load1(p + 4)
  return v
}
function load1(p: usize): Failure {
  const v = zeroed<Failure>()
  store<u8>(changetype<usize>(v), load<u8>(p), offsetof<Failure>('reason'))
  store<usize>(changetype<usize>(v), changetype<usize>(liftString(load<usize>(p, 4), load<i32>(p, 8))), offsetof<Failure>('message'))
  return v
}
