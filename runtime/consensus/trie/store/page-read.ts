/** Pages of rows from the disk: decoded, and hashed, so that nothing of a page is ever used that does not belong to the root. */
import type { Arena } from './arena.ts'
import { Branch, BRANCH, BRANCH_BYTES, EMPTY, LAST, Bucket, bucketBytes, BUCKET_LEAVES, LEAF_BYTES } from '../pages/index.ts'
import { BucketDraft } from '../drafts/index.ts'
import { damaged } from './damaged.ts'
import { hashLeaves, KNOWN, Nodes } from '../hashes/index.ts'
import { same32 } from '../bytes/index.ts'

/** A row, and what it must be. */
export interface Wanted {
  readonly row: Uint8Array
  /** As a branch says it of its end; undefined for a root, which can be either. */
  readonly kind: number | undefined
  /** Bits above its top, which are those of a position. */
  readonly depth: number
  readonly positions: Uint8Array
  readonly positionAt: number
  /** Where its hash lies. */
  readonly hashes: Uint8Array
  readonly hashAt: number
}

/** A page in the cache. */
export interface Held {
  readonly kind: number
  readonly cell: number
}

const noPage = () => damaged('a row of the state trie is damaged: it is no page')

/** What came of a row: a page whose hashes are not there yet. */
interface Decoded extends Held {
  readonly page: Branch | Bucket
}

function decoded(arena: Arena, { row, kind, depth, positions, positionAt }: Wanted): Decoded {
  const is = row[0] === 0 ? BRANCH : row[0]
  if (is === undefined || (kind !== undefined && is !== kind)) throw noPage()
  if (is !== BRANCH && (is > BUCKET_LEAVES || row.length > 1 + is * LEAF_BYTES)) throw noPage()
  const size = is === BRANCH ? BRANCH_BYTES : bucketBytes(is, row.length)
  const cell = arena.take(size)
  const [memory, at] = [arena.memory(cell), arena.at(cell)]
  memory.bytes.fill(0, at, at + size)
  const page = is === BRANCH ? Branch.ofRow(row, memory, at) : Bucket.ofRow(row, memory, at, depth, positions, positionAt)
  if (page === undefined) throw noPage()
  return { kind: is, cell, page }
}

/** Asks for the hashes of all inner nodes of a page; gives what writes them into it. */
function asked(page: Branch | Bucket, nodes: Nodes): () => void {
  if (page instanceof Bucket) {
    const draft = new BucketDraft(page, nodes, -1)
    return () => draft.putHashes(page)
  }
  const made = nodesOf(page, nodes)
  return () => made.forEach((node, inner) => nodes.put(node, page.memory, page.hashAt(inner)))
}

/** Asks for the hashes of all inner nodes of a branch; gives which these are. */
function nodesOf(branch: Branch, nodes: Nodes): ReadonlyMap<number, number> {
  const made = new Map<number, number>()
  for (let inner = LAST - 1; inner > 0; inner--) {
    if (!branch.isInner(inner)) continue
    const [left, right] = [made.get(inner * 2) ?? KNOWN, made.get(inner * 2 + 1) ?? KNOWN]
    const node = nodes.add(left, right, inner)
    for (const [side, child] of [left, right].entries()) {
      if (child !== KNOWN) continue
      if (branch.kind(inner * 2 + side) === EMPTY) nodes.empty(node, side)
      else nodes.known(node, side, branch.memory, branch.hashAt(inner * 2 + side))
    }
    made.set(inner, node)
  }
  return made
}

/** Puts pages into the cache, none of which is above another. Throws `data_corrupt` for what is no page, or not the one that is wanted. */
export function readPages(arena: Arena, wanted: readonly Wanted[]): Held[] {
  const held = wanted.map((one) => decoded(arena, one))
  hashLeaves(held.flatMap(({ page }) => (page instanceof Bucket ? Array.from({ length: page.count }, (_, i) => page.leaf(i)) : [])))
  const nodes = new Nodes()
  const puts = held.map(({ page }) => asked(page, nodes))
  nodes.run()
  for (const put of puts) put()
  for (const [i, { page }] of held.entries()) {
    const { hashes, hashAt } = wanted[i] as Wanted
    const top = page instanceof Bucket ? page.topAt : page.hashAt(1)
    if (!same32(page.bytes, top, hashes, hashAt))
      throw damaged('a page of the state trie is damaged: its hash is not the one that led to it')
  }
  return held.map(({ kind, cell }) => ({ kind, cell }))
}
