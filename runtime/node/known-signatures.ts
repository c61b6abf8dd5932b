/** Remembers good ed25519 signatures: a node meets the same one as its signer, in the mempool and in a block, and each check costs 0.1 ms. */
import { concatBytes, sha256, toHex } from '../core/index.ts'

type Verify = (signature: Uint8Array, message: Uint8Array, key: Uint8Array) => boolean

export interface KnownSignatures {
  /** As the given `verify`, which is asked once for each good signature; bad ones are not remembered. */
  readonly verify: Verify
  /** Notes a signature that this node has just made. */
  note(signature: Uint8Array, message: Uint8Array, key: Uint8Array): void
}

const MAX = 8_192

/** The memory before a `verify`; it forgets the oldest of more than `most` signatures. */
export function knownSignatures(verify: Verify, most = MAX): KnownSignatures {
  const known = new Set<string>()
  // The two of fixed length stand last, so that no other triple has the same bytes.
  const idOf = (signature: Uint8Array, message: Uint8Array, key: Uint8Array): string => toHex(sha256(concatBytes(message, key, signature)))
  const add = (id: string): void => {
    known.add(id)
    if (known.size <= most) return
    for (const oldest of known) {
      known.delete(oldest)
      return
    }
  }
  return {
    verify(signature, message, key) {
      if (signature.length !== 64 || key.length !== 32) return verify(signature, message, key)
      const id = idOf(signature, message, key)
      if (known.has(id)) return true
      const good = verify(signature, message, key)
      if (good) add(id)
      return good
    },
    note: (signature, message, key) => add(idOf(signature, message, key)),
  }
}
