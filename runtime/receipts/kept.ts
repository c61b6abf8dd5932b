/** What the journal keeps of a run's openings: as it is written, and as it is read back. */

/** A file of a run: its sha256 and its bytes. */
export type RunFile = readonly [hash: Uint8Array, bytes: Uint8Array]

/** Bytes that are put together only where they are written. */
export interface KeptHead {
  readonly length: number
  /** Writes them; gives the position behind. */
  put(into: Uint8Array, at: number): number
}

/** To be written: openings, and files in the open beside them. */
export interface Keeping {
  readonly head: KeptHead
  readonly files: readonly RunFile[]
}

/** Read back. */
export interface Kept {
  readonly head: Uint8Array
  /** Files that stand in the open, by lower-case hex of their sha256. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** Bytes that a receipt with a body of `length` takes in the journal, about. */
export function bytesInJournal(length: number, keeping: Keeping | null): number {
  if (keeping === null) return length
  let bytes = length + keeping.head.length
  for (const [, file] of keeping.files) bytes += file.length
  return bytes
}
