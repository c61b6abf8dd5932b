/**
 * Batches of changes to a trie. From the top down, a level of branches at a time, the pages on the way to what changes are read; then the pages take their new form;
 * then all hashes are made from the bottom up, a level at a time again.
 */
import { EMPTY_TRIE } from '../../core/index.ts'
import { Branch, BRANCH, EMPTY, isBucket, LAST, levelOf } from './branch.ts'
import { Bucket, BUCKET_LEAVES } from './bucket.ts'
import { BranchDraft, lowest, Room, type PageDraft } from './draft.ts'
import { HashJobs } from './hashing.ts'
import { itemsOf, type Items, type TrieChange } from './items.ts'
import type { Leaf } from './leaf.ts'
import { bucketOf, Merge } from './merge.ts'
import type { TrieRoot } from './page-cache.ts'
import type { Ask, PageStore } from './page-store.ts'
import { Replacement } from './replace.ts'
import { Rows } from './rows.ts'
import { bitIn, POSITION_BYTES } from './position.ts'

/** The root of the trie that holds nothing. */
export const EMPTY_ROOT: TrieRoot = { version: 0, hash: EMPTY_TRIE }

/** What a batch did: rows to write, and rows that no root from this height on needs. These are made when they are first asked for: a batch may be needed only for its root. */
export interface TrieUpdate {
  readonly root: TrieRoot
  readonly rows: readonly (readonly [Uint8Array, Uint8Array])[]
  readonly stale: readonly Uint8Array[]
  /** Puts the new pages into the cache; called when they are committed. */
  remember(): void
}

/** The items of one end of a branch. */
interface Group {
  readonly node: number
  readonly from: number
  readonly to: number
  /** Where the end is a branch. */
  below: Visit | undefined
}

/** A branch that items pass. */
interface Visit {
  readonly branch: Branch
  readonly page: number
  readonly groups: readonly Group[]
}

/** What came of a page: itself, a new one, or so few leaves that they go into a bucket. */
type Outcome = 'same' | BranchDraft | readonly Leaf[]

class Update {
  readonly rows: Rows
  readonly room: Room
  readonly #store: PageStore
  readonly #trie: number
  readonly #version: number
  readonly #items: Items
  readonly #bucketJobs = new HashJobs()
  readonly #branchJobs = new HashJobs()

  constructor(store: PageStore, trie: number, version: number, items: Items) {
    this.#store = store
    this.#trie = trie
    this.#version = version
    this.#items = items
    this.room = new Room(store.pieces)
    this.rows = new Rows(trie, version)
  }

  #visit(branch: Branch, page: number, from: number, to: number): Visit {
    const { positions } = this.#items
    const groups: Group[] = []
    for (let start = from; start < to;) {
      const node = branch.endOf(positions, start * POSITION_BYTES, page)
      let end = start + 1
      while (end < to && branch.endOf(positions, end * POSITION_BYTES, page) === node) end++
      groups.push({ node, from: start, to: end, below: undefined })
      start = end
    }
    return { branch, page, groups }
  }

  /** Reads all pages on the way. */
  #descend(top: Branch): Visit {
    const { positions, count } = this.#items
    const first = this.#visit(top, 0, 0, count)
    for (let level = [first]; level.length > 0;) {
      const asks: Ask[] = []
      for (const { branch, page, groups } of level) {
        for (const { node, from } of groups) {
          if (branch.kind(node) !== EMPTY) asks.push({ branch, page, node, positions, positionAt: from * POSITION_BYTES })
        }
      }
      this.#store.load(this.#trie, asks)
      const next: Visit[] = []
      for (const { branch, page, groups } of level) {
        for (const group of groups) {
          if (branch.kind(group.node) !== BRANCH) continue
          group.below = this.#visit(this.#store.branch(branch.cell(group.node)), page + 1, group.from, group.to)
          next.push(group.below)
        }
      }
      level = next
    }
    return first
  }

  /** Leaves at a node of a branch in the making. */
  #plant(draft: BranchDraft, node: number, leaves: readonly Leaf[]): void {
    const [first] = leaves
    if (first === undefined) return draft.clear(node)
    const depth = draft.page * 4 + levelOf(node)
    if (leaves.length <= BUCKET_LEAVES) return draft.setPage(node, bucketOf(leaves, this.room, this.#bucketJobs, depth))
    if (node >= LAST) return draft.setPage(node, this.#grow(leaves, draft.page + 1))
    draft.setInner(node)
    let right = leaves.findIndex((leaf) => bitIn(leaf.bytes, leaf.positionAt, depth) === 1)
    if (right < 0) right = leaves.length
    this.#plant(draft, node * 2, leaves.slice(0, right))
    this.#plant(draft, node * 2 + 1, leaves.slice(right))
  }

  /** A branch of leaves that no bucket takes. */
  #grow(leaves: readonly Leaf[], page: number): BranchDraft {
    const { bytes, positionAt } = leaves[0] as Leaf
    const draft = new BranchDraft(this.room, page, bytes, positionAt)
    this.#plant(draft, 1, leaves)
    return draft
  }

  #merge(bucket: Bucket | undefined, from: number, to: number): Merge {
    const merge = new Merge(bucket, this.#items, from, to)
    for (const leaf of merge.gone) this.rows.valueGone(leaf)
    for (const i of merge.large) this.rows.value(this.#items.positions, i * POSITION_BYTES, this.#items.values[i] as Uint8Array)
    return merge
  }

  /** The branch of a visit in its new form, those below it having theirs. */
  #change(visit: Visit): Outcome {
    const { branch, page, groups } = visit
    const { positions } = this.#items
    let draft: BranchDraft | undefined
    let fewer = false
    const drafted = (from: number): BranchDraft => (draft ??= new BranchDraft(this.room, page, positions, from * POSITION_BYTES, branch))
    for (const { node, from, to, below } of groups) {
      const depth = page * 4 + levelOf(node)
      if (below !== undefined) {
        const outcome = this.#change(below)
        if (outcome === 'same') continue
        // the height as the draft has it, which was just written and lies near
        this.rows.staled(drafted(from).branch.version(node), depth, positions, from * POSITION_BYTES)
        if (outcome instanceof BranchDraft) {
          // a sixteenth of the trie at a time: what was just written lies in the nearer caches still
          if (page === 0) this.hash(outcome)
          drafted(from).setPage(node, outcome)
        } else {
          fewer = true
          this.#plant(drafted(from), node, outcome)
        }
        continue
      }
      const bucket = branch.kind(node) === EMPTY ? undefined : this.#store.bucket(branch.cell(node))
      const replacement = bucket === undefined ? undefined : Replacement.of(bucket, this.#items, from, to)
      if (replacement !== undefined) {
        if (!replacement.changed) continue
        this.rows.staled(drafted(from).branch.version(node), depth, positions, from * POSITION_BYTES)
        drafted(from).setPage(node, replacement.bucket(this.room, this.#bucketJobs))
        continue
      }
      const merge = this.#merge(bucket, from, to)
      if (!merge.changed) continue
      if (bucket !== undefined) this.rows.staled(branch.version(node), depth, positions, from * POSITION_BYTES)
      fewer ||= merge.removed
      if (merge.count > 0 && merge.count <= BUCKET_LEAVES) drafted(from).setPage(node, merge.bucket(this.room, this.#bucketJobs, depth))
      else this.#plant(drafted(from), node, merge.leaves())
    }
    if (draft === undefined) return 'same'
    return fewer ? this.#shrink(draft, 1, branch) : draft
  }

  /** Puts what has become few below a node into one bucket. Gives the leaves when that is all of the branch. */
  #shrink(draft: BranchDraft, node: number, from: Branch): Outcome {
    if (!draft.branch.isInner(node)) return draft
    if (draft.branch.leavesBelow(node) <= BUCKET_LEAVES) {
      const leaves: Leaf[] = []
      this.#gather(draft, node, from, leaves)
      if (node === 1) return leaves
      this.#plant(draft, node, leaves)
      return draft
    }
    if (node * 2 < LAST) {
      this.#shrink(draft, node * 2, from)
      this.#shrink(draft, node * 2 + 1, from)
    }
    return draft
  }

  #gather(draft: BranchDraft, node: number, from: Branch, leaves: Leaf[]): void {
    const { branch, page, positions, positionAt } = draft
    if (branch.isInner(node)) {
      this.#gather(draft, node * 2, from, leaves)
      this.#gather(draft, node * 2 + 1, from, leaves)
    } else if (isBucket(branch.kind(node))) {
      const made = ((draft.renewed >> node) & 1) === 1 ? draft.kid(node) : undefined
      const bucket = made instanceof Bucket ? made : this.#old(from, page, node, positions, positionAt)
      for (let i = 0; i < bucket.count; i++) leaves.push(bucket.leaf(i))
    }
  }

  /** The bucket of an end that nothing passed, but that is replaced. */
  #old(branch: Branch, page: number, node: number, positions: Uint8Array, positionAt: number): Bucket {
    const depth = page * 4 + levelOf(node)
    const path = pathOf(positions, positionAt, page, node)
    const bucket = this.#store.bucket(this.#store.cell(this.#trie, branch, page, node, path, 0))
    this.rows.staled(branch.version(node), depth, path, 0)
    return bucket
  }

  /** Applies all items to the page of a root. */
  apply(kind: number, cell: number): PageDraft | 'same' | 'empty' {
    const { count } = this.#items
    let outcome: Outcome
    if (kind === BRANCH) outcome = this.#change(this.#descend(this.#store.branch(cell)))
    else {
      const merge = this.#merge(kind === EMPTY ? undefined : this.#store.bucket(cell), 0, count)
      if (!merge.changed) return 'same'
      if (merge.count > 0 && merge.count <= BUCKET_LEAVES) return merge.bucket(this.room, this.#bucketJobs, 0)
      outcome = merge.count === 0 ? [] : this.#grow(merge.leaves(), 0)
    }
    if (outcome === 'same' || outcome instanceof BranchDraft) return outcome
    return outcome.length === 0 ? 'empty' : bucketOf(outcome, this.room, this.#bucketJobs, 0)
  }

  /** Makes the hashes of a new page and of all below it that have none yet. */
  hash(top: PageDraft): void {
    this.#bucketJobs.run()
    const levels: BranchDraft[][] = []
    for (let level = top instanceof BranchDraft ? [top] : []; level.length > 0;) {
      levels.push(level)
      const next: BranchDraft[] = []
      for (const draft of level) {
        for (let rest = draft.renewed; rest !== 0; rest &= rest - 1) {
          const kid = draft.kid(lowest(rest))
          if (kid instanceof BranchDraft && !kid.hashed) next.push(kid)
        }
      }
      level = next
    }
    for (const level of levels.toReversed()) {
      for (const draft of level) draft.askHashes(this.#branchJobs, this.#version)
      this.#branchJobs.run()
    }
  }
}

/** A position below a node of a branch: that of another one below the branch, with the bits of the node. */
function pathOf(positions: Uint8Array, at: number, page: number, node: number): Uint8Array {
  const path = positions.slice(at, at + POSITION_BYTES)
  for (let level = levelOf(node) - 1, rest = node; level >= 0; level--, rest >>= 1) {
    const depth = page * 4 + level
    const bit = 0x80 >> (depth & 7)
    const byte = path[depth >> 3] as number
    path[depth >> 3] = (rest & 1) === 1 ? byte | bit : byte & ~bit
  }
  return path
}

function topHash(top: PageDraft): Uint8Array {
  return top instanceof BranchDraft ? top.branch.hash(1) : top.bytes.slice(top.topAt, top.topAt + 32)
}

const NOTHING: readonly never[] = []

/** Applies changes (the last of a key wins) to the trie of a root. `version` is the height that the new root belongs to. */
export function trieUpdate(store: PageStore, trie: number, root: TrieRoot, changes: readonly TrieChange[], version: number): TrieUpdate {
  const nothing: TrieUpdate = { root, rows: NOTHING, stale: NOTHING, remember: () => undefined }
  if (changes.length === 0) return nothing
  const { kind, cell } = store.top(trie, root)
  const update = new Update(store, trie, version, itemsOf(changes, version))
  const made = update.apply(kind, cell)
  if (made === 'same') return nothing
  const { rows, room } = update
  if (kind !== EMPTY) rows.staled(root.version, 0, EMPTY_TRIE, 0)
  const top = made === 'empty' ? undefined : made
  if (top !== undefined) update.hash(top)
  const next: TrieRoot = { version, hash: top === undefined ? EMPTY_TRIE : topHash(top) }
  let remembered = false
  return {
    root: next,
    get rows() {
      return rows.made(top)
    },
    get stale() {
      return rows.stale()
    },
    remember: () => {
      if (remembered) return
      remembered = true
      // its memory is given to others then
      rows.made(top)
      store.keep(trie, root, next, top)
      room.end()
    },
  }
}
