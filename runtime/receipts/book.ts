/** What is durable: the batches of all lanes in order, and where each receipt stands. */
import { CID, DAG_CBOR, decodeReceipt, equalBytes, leafHash, sha256, type BatchStatement } from '../core/index.ts'
import { BatchTree } from './batch-tree.ts'
import type { Place, RecordReader } from './journal.ts'
import { open } from './openings.ts'
import type { JournalBatch, SignedBatch } from './record.ts'
import { ReceiptIndex } from './receipt-index.ts'
import type { DurableRecord, StoredReceipt } from './types.ts'

/** Leaf hashes of a batch's entries, one behind the other. */
export function leavesOf(entries: JournalBatch['entries']): Uint8Array {
  const leaves = new Uint8Array(entries.length * 32)
  entries.forEach((e, i) => leaves.set(leafHash(e.body), i * 32))
  return leaves
}

/** The sha256 of a receipt's body that its id holds; undefined for a text that is no id of a receipt. */
function digestOf(id: string): Uint8Array | undefined {
  try {
    const cid = CID.parse(id)
    return cid.version === 1 && cid.code === DAG_CBOR && cid.multihash.code === 0x12 && cid.toString() === id
      ? cid.multihash.digest
      : undefined
  } catch {
    return undefined
  }
}

/** The sha256 of the bodies of a batch's entries, one behind the other: what their ids hold. */
export function digestsOf(entries: JournalBatch['entries']): Uint8Array {
  const digests = new Uint8Array(entries.length * 32)
  entries.forEach((e, i) => digests.set(sha256(e.body), i * 32))
  return digests
}

/** A batch, and which one it is of which record. */
interface Kept extends SignedBatch {
  readonly record: number
  readonly at: number
}

export class Book {
  readonly #read: RecordReader
  readonly #index = new ReceiptIndex()
  readonly #places: Place[] = []
  readonly #batches = new Map<number, Kept[]>()

  constructor(read: RecordReader) {
    this.#read = read
  }

  /** Takes a record that is durable. */
  add({ place, batches }: DurableRecord): void {
    const record = this.#places.push(place) - 1
    batches.forEach(({ batch, sig, digests }, at) => {
      for (let index = 0; index < batch.size; index++) this.#index.add(digests, index * 32, { record, batch: at, index })
      const list = this.#batches.get(batch.thread)
      const kept = { batch, sig, record, at }
      if (list === undefined) this.#batches.set(batch.thread, [kept])
      else list.push(kept)
    })
  }

  get(id: string, salt?: Uint8Array): StoredReceipt | undefined {
    const digest = digestOf(id)
    if (digest === undefined) return undefined
    for (const { record, batch: at, index } of this.#index.find(digest)) {
      const { batch, sig, entries } = this.#read(this.#places[record] as Place)[at] as JournalBatch
      const entry = entries[index] as JournalBatch['entries'][number]
      if (!equalBytes(sha256(entry.body), digest)) continue
      return {
        body: entry.body,
        attestation: { batch, index, path: new BatchTree(leavesOf(entries)).path(index), sig },
        opened: open(entry.kept, salt, decodeReceipt(entry.body)),
      }
    }
    return undefined
  }

  batchesFrom(marks: ReadonlyMap<number, number>): SignedBatch[] {
    return [...this.#batches]
      .sort(([a], [b]) => a - b)
      .flatMap(([thread, list]) => {
        const mark = marks.get(thread) ?? 0
        // Marks lie near the end: what is anchored is not walked again.
        let from = list.length
        while (from > 0 && (list[from - 1] as SignedBatch).batch.first >= mark) from--
        return list.slice(from)
      })
  }

  #entries(thread: number, first: number): JournalBatch['entries'] | undefined {
    const list = this.#batches.get(thread) ?? []
    const kept = list.find(({ batch }) => batch.first === first)
    return kept === undefined ? undefined : this.#read(this.#places[kept.record] as Place)[kept.at]?.entries
  }

  /** Leaf `index` of the batch of a lane that begins with `first`, and its path. */
  leaf(thread: number, first: number, index: number): { readonly leaf: Uint8Array; readonly path: readonly Uint8Array[] } | undefined {
    const entries = this.#entries(thread, first)
    const entry = entries?.[index]
    if (entries === undefined || entry === undefined) return undefined
    return { leaf: entry.body, path: new BatchTree(leavesOf(entries)).path(index) }
  }

  /** The sha256 of the bodies of a batch, 32 bytes each. */
  digests(thread: number, first: number): Uint8Array | undefined {
    const entries = this.#entries(thread, first)
    return entries === undefined ? undefined : digestsOf(entries)
  }

  count(): number {
    return this.#index.size
  }

  /** Lanes that have batches, lowest first. */
  lanes(): number[] {
    return [...this.#batches.keys()].sort((a, b) => a - b)
  }

  head(thread: number): { readonly next: number; readonly root: Uint8Array } {
    const last: BatchStatement | undefined = this.#batches.get(thread)?.at(-1)?.batch
    return last === undefined ? { next: 0, root: new Uint8Array(32) } : { next: last.first + last.size, root: last.root }
  }
}
