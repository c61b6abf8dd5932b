/** BLS keys at work in this process. */
import { abytes, fromHex, toHex, UtnetError } from '../core/index.ts'
import { blsPublicKey, blsSign } from '../crypto/native.ts'
import type { BlsHandle } from './port.ts'

/** Order of the groups of BLS12-381. */
const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n

/** Secrets of open handles: known to this file alone. */
const secrets = new WeakMap<BlsHandle, Uint8Array>()

const closed = (): UtnetError => new UtnetError('chip_engine', 'the BLS key of the chip is closed')

/** The handle of a secret (32 bytes), which it takes over: `close` overwrites it. Throws `core_bad_argument` for what is no scalar of the group. */
export function blsHandle(secret: Uint8Array): BlsHandle {
  const handle: BlsHandle = {
    key: blsPublicKey(secret),
    sign(message) {
      const own = secrets.get(handle)
      if (own === undefined) throw closed()
      return blsSign(message, own)
    },
    close() {
      secrets.delete(handle)
      secret.fill(0)
    },
  }
  secrets.set(handle, secret)
  return handle
}

/** Throws `core_bad_argument` unless the bytes are a BLS secret. */
export function ablsSecret(secret: Uint8Array): Uint8Array {
  blsPublicKey(abytes(secret, 32, 'BLS secret'))
  return secret
}

/** The key whose signatures are those of all handles added up: one signature in the place of as many. Throws `chip_engine` when one is closed, `core_bad_argument` for none. */
export function sumOfHandles(handles: readonly BlsHandle[]): BlsHandle {
  const sum = handles.reduce((n, handle) => {
    const secret = secrets.get(handle)
    if (secret === undefined) throw closed()
    return (n + BigInt(`0x${toHex(secret)}`)) % ORDER
  }, 0n)
  return blsHandle(fromHex(sum.toString(16).padStart(64, '0')))
}
