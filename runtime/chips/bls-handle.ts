/** A BLS key at work in this process. */
import { UtnetError } from '../core/index.ts'
import { blsPublicKey, blsSign } from '../crypto/native.ts'
import type { BlsHandle } from './port.ts'

/** The handle of a secret (32 bytes), which it takes over: `close` overwrites it. Throws `core_bad_argument` for what is no scalar of the group. */
export function blsHandle(secret: Uint8Array): BlsHandle {
  const key = blsPublicKey(secret)
  let open = true
  return {
    key,
    sign(message) {
      if (!open) throw new UtnetError('chip_engine', 'the BLS key of the chip is closed')
      return blsSign(message, secret)
    },
    close() {
      open = false
      secret.fill(0)
    },
  }
}
