/** A batch that was closed and signed, and the attestations of its receipts. */
import {
  ARRAY,
  BYTES,
  MAP,
  putBatch,
  putBytes,
  putHead,
  putRaw,
  putText,
  UINT,
  HEAD_MAX,
  type Attestation,
  type BatchStatement,
} from '../core/index.ts'
import type { BatchTree } from './batch-tree.ts'

/** Room for a statement and the keys around it. */
const STATEMENT_ROOM = 256
const HASH = 34
/** Attestations are written here, one over the other: memory of its own for each would cost more than its bytes. A batch has fewer than 2^32 receipts. */
const scratch = new Uint8Array(3 * STATEMENT_ROOM + 32 * HASH)

export class ClosedBatch {
  readonly statement: BatchStatement
  readonly sig: Uint8Array
  readonly #tree: BatchTree
  /** What all attestations begin with (up to the path) and, behind the path, end with (up to the index). */
  #head: Uint8Array | undefined
  #tail: Uint8Array | undefined

  constructor(statement: BatchStatement, sig: Uint8Array, tree: BatchTree) {
    this.statement = statement
    this.sig = sig
    this.#tree = tree
  }

  attestation(index: number): Attestation {
    return { batch: this.statement, index, path: this.#tree.path(index), sig: this.sig }
  }

  /**
   * Canonical bytes of an attestation, as `encode(attestationCbor(...))` gives them: keys in the order sig, path, batch, index. They are written over by the next call, of any
   * batch.
   */
  encoded(index: number): Uint8Array {
    if (this.#head === undefined || this.#tail === undefined) this.#prepare()
    const head = this.#head as Uint8Array
    const tail = this.#tail as Uint8Array
    const out = scratch
    out.set(head)
    let at = putHead(out, head.length, ARRAY, this.#tree.depth(index))
    this.#tree.walk(index, (level, from) => {
      at = putHead(out, at, BYTES, 32)
      for (let i = 0; i < 32; i++) out[at + i] = level[from + i] as number
      at += 32
    })
    at = putHead(out, putRaw(out, at, tail), UINT, index)
    return out.subarray(0, at)
  }

  #prepare(): void {
    const head = new Uint8Array(2 * HEAD_MAX + 64 + 16)
    this.#head = head.slice(0, putText(head, putBytes(head, putText(head, putHead(head, 0, MAP, 4), 'sig'), this.sig), 'path'))
    const tail = new Uint8Array(STATEMENT_ROOM)
    this.#tail = tail.slice(0, putText(tail, putBatch(tail, putText(tail, 0, 'batch'), this.statement), 'index'))
  }
}
