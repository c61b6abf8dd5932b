/** Where a node's thread stands on the chain: the value under `threadKey` in the off-chain trie. */
import { asArray, asBytes, asUint, concatBytes, decode, encode, utf8 } from '../codec/index.ts'

/** The record of one thread. */
export interface ThreadRecord {
  /** `seq` that the next batch begins with; of a closed thread, the first number that is void. */
  readonly next: number
  /** Root of the last good batch; 32 zero bytes before the first. */
  readonly root: Uint8Array
  /** Height at which a batch of it was refuted, null otherwise: a closed thread takes no batch any more, and everything from `next` on is void. */
  readonly closed: number | null
}

/** Canonical bytes of a thread's record. */
export function encodeThread(r: ThreadRecord): Uint8Array {
  return encode([r.next, r.root, r.closed])
}

/** The record of its bytes. */
export function decodeThread(bytes: Uint8Array): ThreadRecord {
  const list = asArray(decode(bytes, 'thread record', 256), 'thread record', 3)
  return {
    next: asUint(list[0], 'next'),
    root: asBytes(list[1], 'root', 32),
    closed: list[2] === null ? null : asUint(list[2], 'closed'),
  }
}

/** Key of a thread's record in the off-chain trie. */
export function threadKey(node: Uint8Array, thread: number): Uint8Array {
  return concatBytes(utf8('batch/'), node, utf8(`/${thread}`))
}
