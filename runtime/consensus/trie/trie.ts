/** The compact sparse Merkle trie with persistent pages: reads at a root, and proofs. */
import { copyInto, sha256, trieInnerHash, type TrieProof } from '../../core/index.ts'
import { BRANCH, EMPTY, LAST, levelOf, sideOf, type Bucket, type Leaf } from './pages/index.ts'
import type { TrieRoot, PageStore } from './store/index.ts'
import { bitIn, POSITION_BYTES, sharedBits } from './bytes/index.ts'

/** The leaf at a position, if there is one. */
function find(store: PageStore, trie: number, root: TrieRoot, position: Uint8Array): Leaf | undefined {
  let { kind, cell } = store.top(trie, root)
  for (let page = 0; kind === BRANCH; page++) {
    const branch = store.branch(cell)
    const node = branch.endOf(position, 0, page)
    kind = branch.kind(node)
    if (kind !== EMPTY) cell = store.cell(trie, branch, page, node, position, 0)
  }
  if (kind === EMPTY) return undefined
  const bucket = store.bucket(cell)
  const leaf = bucket.leaf(bucket.candidate(position, 0))
  return leaf.isAt(position, 0) ? leaf : undefined
}

/** The value under a key in the trie of a root; undefined when absent. Throws `data_corrupt` when a page or value on the way is not what its hash says. */
export function trieGet(store: PageStore, trie: number, root: TrieRoot, key: Uint8Array): Uint8Array | undefined {
  const leaf = find(store, trie, root, sha256(key))
  return leaf === undefined ? undefined : store.value(trie, leaf)
}

type Siblings = { depth: number; hash: Uint8Array }[]

/** The hash of the node of leaves, seen from `depth` on: kept is what it is below its parent. */
function nodeFrom(bucket: Bucket, left: number, right: number, depth: number): Uint8Array {
  const { bytes } = bucket
  const hashOf = (from: number, to: number): Uint8Array => {
    const at = bucket.nodeAt(from, to)
    return bytes.slice(at, at + 32)
  }
  const gap = bucket.topGap(left, right)
  let hash = trieInnerHash(hashOf(left, gap), hashOf(gap + 1, right))
  const none = new Uint8Array(32)
  for (let d = bucket.split(gap) - 1; d >= depth; d--)
    hash = bitIn(bytes, bucket.positionAt(left), d) === 0 ? trieInnerHash(hash, none) : trieInnerHash(none, hash)
  return hash
}

/** Walks down a bucket. Gives where it ended, and the leaf there. */
function walkBucket(bucket: Bucket, position: Uint8Array, siblings: Siblings): { readonly depth: number; readonly leaf: Leaf | undefined } {
  const { bytes } = bucket
  let [left, right, depth] = [0, bucket.count - 1, bucket.depth]
  while (left < right) {
    const shared = sharedBits(bytes, bucket.positionAt(left), position, 0)
    const gap = bucket.topGap(left, right)
    const split = bucket.split(gap)
    if (shared < split) {
      // it leaves the path between two nodes with two children
      siblings.push({ depth: shared, hash: nodeFrom(bucket, left, right, shared + 1) })
      return { depth: shared + 1, leaf: undefined }
    }
    const goesRight = bitIn(position, 0, split) === 1
    const at = goesRight ? bucket.nodeAt(left, gap) : bucket.nodeAt(gap + 1, right)
    siblings.push({ depth: split, hash: bytes.slice(at, at + 32) })
    if (goesRight) left = gap + 1
    else right = gap
    depth = split + 1
  }
  return { depth, leaf: bucket.leaf(left) }
}

/** The value under a key with the proof that the root holds it, or holds nothing there (core `verifyTrieProof`). */
export function trieProve(
  store: PageStore,
  trie: number,
  root: TrieRoot,
  key: Uint8Array,
): { readonly value: Uint8Array | null; readonly proof: TrieProof } {
  const position = sha256(key)
  const siblings: Siblings = []
  let { kind, cell } = store.top(trie, root)
  let end = 0
  for (let page = 0; kind === BRANCH; page++) {
    const branch = store.branch(cell)
    let node = 1
    while (branch.isInner(node)) {
      const next = sideOf(node, position, 0, page)
      if (branch.kind(next ^ 1) !== EMPTY) siblings.push({ depth: page * 4 + levelOf(node), hash: branch.hash(next ^ 1) })
      node = next
    }
    kind = branch.kind(node)
    end = page * 4 + levelOf(node)
    if (kind !== EMPTY) cell = store.cell(trie, branch, page, node, position, 0)
  }
  if (kind === EMPTY) return { value: null, proof: { depth: end, siblings, other: null } }
  const { depth, leaf } = walkBucket(store.bucket(cell), position, siblings)
  if (leaf === undefined) return { value: null, proof: { depth, siblings, other: null } }
  if (leaf.isAt(position, 0)) return { value: store.value(trie, leaf), proof: { depth, siblings, other: null } }
  return { value: null, proof: { depth, siblings, other: { position: leaf.position, valueHash: leaf.valueHash } } }
}

/** What lies at the end of a path: the values of a bucket, or, where there is a branch, the paths of its ends. */
type Below =
  | { readonly values: (readonly [Uint8Array, Uint8Array])[] }
  | { readonly paths: { readonly path: Uint8Array; readonly page: number }[] }

/** Reads the page that begins at a path anew from the root: no page is held while nobody reads. */
function readBelow(store: PageStore, trie: number, root: TrieRoot, path: Uint8Array, pages: number): Below {
  let { kind, cell } = store.top(trie, root)
  for (let page = 0; page < pages && kind === BRANCH; page++) {
    const branch = store.branch(cell)
    const node = branch.endOf(path, 0, page)
    kind = branch.kind(node)
    if (kind !== EMPTY) cell = store.cell(trie, branch, page, node, path, 0)
  }
  if (kind === EMPTY) return { values: [] }
  if (kind !== BRANCH) {
    const bucket = store.bucket(cell)
    return {
      values: Array.from({ length: bucket.count }, (_, i) => bucket.leaf(i)).map(
        (leaf) => [leaf.position, store.value(trie, leaf)] as const,
      ),
    }
  }
  const branch = store.branch(cell)
  const paths: { path: Uint8Array; page: number }[] = []
  for (let last = 0; last < LAST; last++) {
    const next = new Uint8Array(POSITION_BYTES)
    copyInto(next, 0, path, 0, POSITION_BYTES)
    next[pages >> 1] = (next[pages >> 1] as number) | ((pages & 1) === 0 ? last << 4 : last)
    // an end that several of the last paths lead to is read once, by the first
    if (last > 0 && branch.endOf(next, 0, pages) === branch.endOf((paths.at(-1) as { path: Uint8Array }).path, 0, pages)) continue
    paths.push({ path: next, page: pages + 1 })
  }
  return { paths }
}

/** All values of a trie with their positions, in order of position. For audits: it reads everything. */
export function* trieWalk(store: PageStore, trie: number, root: TrieRoot): Generator<readonly [position: Uint8Array, value: Uint8Array]> {
  const open: { readonly path: Uint8Array; readonly page: number }[] = [{ path: new Uint8Array(POSITION_BYTES), page: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const below = readBelow(store, trie, root, next.path, next.page)
    if ('values' in below) yield* below.values
    else open.push(...below.paths.toReversed())
  }
}
