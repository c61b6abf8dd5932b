import * as host from './raw/host-crypto'

/** 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return host.sha256(data)
}

/** Whether `key` (32 bytes) signed the message; false for a signature (64 bytes) or key of another length, too. */
export function verifyEd25519(signature: Uint8Array, message: Uint8Array, key: Uint8Array): bool {
  return host.verifyEd25519(signature, message, key)
}
