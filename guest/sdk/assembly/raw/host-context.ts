// Generated from the WIT interface utnet:host/context@0.1.0; do not edit.

import { Box, RETURN_AREA, Result, Tuple2, Tuple3, liftArray, liftBytes, liftString, newBlock, zeroed } from './abi'

@external('utnet:host/context@0.1.0', 'caller')
declare function caller_core(p0: usize): void

export function caller(): string {
  caller_core(RETURN_AREA)
  return liftString(load<usize>(RETURN_AREA), load<i32>(RETURN_AREA, 4))
}

@external('utnet:host/context@0.1.0', 'signer')
declare function signer_core(p0: usize): void

export function signer(): string {
  signer_core(RETURN_AREA)
  return liftString(load<usize>(RETURN_AREA), load<i32>(RETURN_AREA, 4))
}

@external('utnet:host/context@0.1.0', 'contract')
declare function contract_core(p0: usize): void

export function contract(): string {
  contract_core(RETURN_AREA)
  return liftString(load<usize>(RETURN_AREA), load<i32>(RETURN_AREA, 4))
}

@external('utnet:host/context@0.1.0', 'owner')
declare function owner_core(p0: usize): void

export function owner(): string {
  owner_core(RETURN_AREA)
  return liftString(load<usize>(RETURN_AREA), load<i32>(RETURN_AREA, 4))
}

@external('utnet:host/context@0.1.0', 'version')
declare function version_core(): i32

export function version(): u32 {
  return <u32>version_core()
}

@external('utnet:host/context@0.1.0', 'height')
declare function height_core(): i64

export function height(): u64 {
  return <u64>height_core()
}

@external('utnet:host/context@0.1.0', 'time')
declare function time_core(): i64

export function time(): u64 {
  return <u64>time_core()
}

@external('utnet:host/context@0.1.0', 'chain-id')
declare function chainId_core(p0: usize): void

export function chainId(): string {
  chainId_core(RETURN_AREA)
  return liftString(load<usize>(RETURN_AREA), load<i32>(RETURN_AREA, 4))
}

@external('utnet:host/context@0.1.0', 'revert')
declare function revert_core(p0: usize, p1: usize): void

export function revert(message: string): void {
  revert_core(changetype<usize>(message), message.length)
}
