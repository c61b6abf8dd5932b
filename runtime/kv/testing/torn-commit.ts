/**
 * What a loss of power can leave of one commit of LMDB. It writes pages of data that no root leads to, syncs them, then writes one of its two pages of roots:
 * before that sync any sector of the data may have come to the disk or not, and of the roots any number of bytes.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const SECTOR = 512
/** Where a page of roots says how large a page is: `md_pad` of the first table of `mm_dbs`. */
const PAGE_SIZE_AT = 48

export interface TornFile {
  readonly bytes: Uint8Array
  /** Whether the commit must be there: undefined where it may. */
  readonly done: boolean | undefined
}

/** The files that may be found in place of the one in `folder`, of a store that is open, once `commit` has run; `random` gives numbers in [0, 1). */
export async function tornCommit(
  folder: string,
  random: () => number,
  commit: () => Promise<unknown>,
  sectorFiles = 4,
): Promise<readonly TornFile[]> {
  const file = join(folder, 'data.mdb')
  const before = new Uint8Array(readFileSync(file))
  await commit()
  const after = new Uint8Array(readFileSync(file))
  const roots = 2 * new DataView(before.buffer).getUint32(PAGE_SIZE_AT, true)
  const differs = (at: number): boolean => before[at] !== after[at]

  const files: TornFile[] = []
  for (let n = 0; n < sectorFiles; n++) {
    const length = before.length + Math.floor(random() * (after.length - before.length + 1))
    const bytes = new Uint8Array(length)
    bytes.set(before)
    for (let at = roots; at < length; at += SECTOR) if (random() < 0.5) bytes.set(after.subarray(at, Math.min(at + SECTOR, length)), at)
    files.push({ bytes, done: false })
  }
  const changed = Array.from({ length: roots }, (_, at) => at).filter(differs)
  const [first, last] = [changed[0], changed.at(-1)]
  if (first === undefined || last === undefined) throw new Error('the commit wrote no roots')
  for (let cut = first; cut <= last + 1; cut++) {
    const bytes = after.slice()
    bytes.set(before.subarray(cut, roots), cut)
    files.push({ bytes, done: cut === first ? false : cut > last ? true : undefined })
  }
  return files
}
