// Generated from the WIT interface utnet:host/crypto@0.1.0; do not edit.

import { Box, RETURN_AREA, Result, Tuple2, Tuple3, liftArray, liftBytes, liftString, newBlock, zeroed } from './abi'

@external('utnet:host/crypto@0.1.0', 'sha256')
export declare function sha256_core(p0: usize, p1: usize, p2: usize): void

export function sha256(data: Uint8Array): Uint8Array {
  sha256_core(data.dataStart, data.length, RETURN_AREA)
  return liftBytes(load<usize>(RETURN_AREA), load<i32>(RETURN_AREA, 4))
}

@external('utnet:host/crypto@0.1.0', 'verify-ed25519')
export declare function verifyEd25519_core(p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: usize): i32

export function verifyEd25519(signature: Uint8Array, message: Uint8Array, key: Uint8Array): bool {
  return verifyEd25519_core(signature.dataStart, signature.length, message.dataStart, message.length, key.dataStart, key.length) != 0
}
