// Generated from the WIT interface utnet:host/context@0.1.0; do not edit.

import { Box, RETURN_AREA, Result, Tuple2, Tuple3, liftArray, liftBytes, liftString, newBlock, zeroed } from './abi'

@external('utnet:host/context@0.1.0', 'caller')
export declare function caller_core(p0: usize): void

export function caller(): string {
  caller_core(RETURN_AREA)
  return liftString(load<usize>(RETURN_AREA), load<i32>(RETURN_AREA, 4))
}

@external('utnet:host/context@0.1.0', 'signer')
export declare function signer_core(p0: usize): void

export function signer(): string {
  signer_core(RETURN_AREA)
  return liftString(load<usize>(RETURN_AREA), load<i32>(RETURN_AREA, 4))
}

@external('utnet:host/context@0.1.0', 'contract')
export declare function contract_core(p0: usize): void

export function contract(): string {
  contract_core(RETURN_AREA)
  return liftString(load<usize>(RETURN_AREA), load<i32>(RETURN_AREA, 4))
}

@external('utnet:host/context@0.1.0', 'owner')
export declare function owner_core(p0: usize): void

export function owner(): string {
  owner_core(RETURN_AREA)
  return liftString(load<usize>(RETURN_AREA), load<i32>(RETURN_AREA, 4))
}

@external('utnet:host/context@0.1.0', 'version')
export declare function version_core(): i32

export function version(): u32 {
  return <u32>version_core()
}

@external('utnet:host/context@0.1.0', 'height')
export declare function height_core(): i64

export function height(): u64 {
  return <u64>height_core()
}

@external('utnet:host/context@0.1.0', 'time')
export declare function time_core(): i64

export function time(): u64 {
  return <u64>time_core()
}

@external('utnet:host/context@0.1.0', 'chain-id')
export declare function chainId_core(p0: usize): void

export function chainId(): string {
  chainId_core(RETURN_AREA)
  return liftString(load<usize>(RETURN_AREA), load<i32>(RETURN_AREA, 4))
}

@external('utnet:host/context@0.1.0', 'revert')
export declare function revert_core(p0: usize, p1: usize): void

export function revert(message: string): void {
  revert_core(changetype<usize>(message), message.length)
}
