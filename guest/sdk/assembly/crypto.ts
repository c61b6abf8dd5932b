import * as host from './raw/host-crypto'

/** 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return host.sha256(data)
}
