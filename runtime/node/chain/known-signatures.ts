/** Remembers good ed25519 signatures: a node meets the same one as its signer, in the mempool and in a block, and each check costs 0.1 ms. */
import { byteString, equalBytes, sha256 } from '../../core/index.ts'

type Verify = (signature: Uint8Array, message: Uint8Array, key: Uint8Array) => boolean

export interface KnownSignatures {
  /** As the given `verify`, which is asked once for each good signature; bad ones are not remembered. */
  readonly verify: Verify
  /** Notes a signature that this node has just made. */
  note(signature: Uint8Array, message: Uint8Array, key: Uint8Array): void
}

const MAX = 8_192

/** Messages longer than this are remembered by their hash. */
const SHORT = 512

/** What a signature is good for. */
interface Signed {
  /** Of the message. */
  readonly length: number
  /** The message, or its sha256 where it is longer than `SHORT`. */
  readonly message: Uint8Array
  readonly key: Uint8Array
}

const shortOf = (message: Uint8Array): Uint8Array => (message.length > SHORT ? sha256(message) : message)

/** The memory before a `verify`; it forgets the oldest of more than `most` signatures. */
export function knownSignatures(verify: Verify, most = MAX): KnownSignatures {
  const known = new Map<string, Signed>()
  const add = (id: string, message: Uint8Array, key: Uint8Array): void => {
    const { length } = message
    // Its own bytes: nobody changes them, and they hold on to no others.
    known.set(id, { length, message: length > SHORT ? sha256(message) : message.slice(), key: key.slice() })
    if (known.size <= most) return
    for (const oldest of known.keys()) {
      known.delete(oldest)
      return
    }
  }
  return {
    verify(signature, message, key) {
      if (signature.length !== 64 || key.length !== 32) return verify(signature, message, key)
      const id = byteString(signature)
      const found = known.get(id)
      if (found?.length === message.length && equalBytes(found.key, key) && equalBytes(found.message, shortOf(message))) return true
      const good = verify(signature, message, key)
      if (good) add(id, message, key)
      return good
    },
    note: (signature, message, key) => add(byteString(signature), message, key),
  }
}
