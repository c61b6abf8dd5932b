/** The journals that the main thread writes: its own, and those of edge threads that this run has not. */
import type { CID } from '../core/index.ts'
import { openDisk } from '../kv/index.ts'
import { openReceipts, type Receipts } from '../receipts/index.ts'
import { journalOf, lanesOf, restingThreads } from './edge/index.ts'

export interface JournalsOptions {
  /** Folder of the main thread's journal. */
  readonly folder: string
  /** Edge threads of this run, which keep their own. */
  readonly threads: number
  /** ed25519 key of the node. */
  readonly node: Uint8Array
  readonly chainId: CID
  readonly sign: (bytes: Uint8Array) => Uint8Array
  readonly random: (length: number) => Uint8Array
  /** Given the close of each, as soon as it is open. */
  readonly closers: (() => Promise<void> | void)[]
}

export interface Journals {
  readonly own: Receipts
  readonly resting: readonly Receipts[]
}

/** Throws `data_corrupt` as `openReceipts`. */
export function openJournals({ folder, threads, node, chainId, sign, random, closers }: JournalsOptions): Journals {
  const open = (path: string, thread: number): Receipts => {
    const receipts = openReceipts({ lanes: lanesOf(thread), disk: openDisk(path), node, chainId, sign, random, soon: setImmediate })
    closers.push(() => receipts.close())
    return receipts
  }
  const own = open(folder, 0)
  return { own, resting: restingThreads(folder, threads).map((thread) => open(journalOf(folder, thread), thread)) }
}
