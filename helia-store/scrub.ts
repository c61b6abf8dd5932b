/** Reads every block and compares it with its CID. */
import { matchesCid, toHex } from '../runtime/core/index.ts'
import type { Blocks, ScrubReport } from './blocks.ts'

/** Blocks read between two turns of the event loop; no read of the key-value store stays open over one. */
const PAGE = 16

/** Checks every stored block; others may read and write meanwhile. */
export async function scrub(blocks: Blocks): Promise<ScrubReport> {
  const corrupt: string[] = []
  let count = 0
  let total = 0
  for (let page = blocks.page(undefined, PAGE); page.length > 0; page = blocks.page(page.at(-1)?.key, PAGE)) {
    for (const { cid, key, bytes } of page) {
      count++
      total += bytes.length
      if (cid === undefined || !matchesCid(cid, bytes)) corrupt.push(cid === undefined ? toHex(key) : cid.toString())
    }
    await new Promise((done) => setImmediate(done))
  }
  return { blocks: count, bytes: total, corrupt }
}
