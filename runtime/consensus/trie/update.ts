/**
 * Batches of changes to a trie. From the top down, a level of branches at a time, the pages on the way to what changes are read; then, from the bottom up, it is said what
 * changes of them; then all hashes are made.
 */
import { EMPTY_TRIE } from '../../core/index.ts'
import {
  BranchDraft,
  type PageDraft,
  BucketDraft,
  itemsOf,
  type Items,
  type TrieChange,
  bucketOf,
  Merge,
  replacedBy,
  Room,
} from './drafts/index.ts'
import { Branch, BRANCH, EMPTY, isBucket, LAST, levelOf, Bucket, BUCKET_LEAVES, type Leaf } from './pages/index.ts'
import { Memory, bitIn, POSITION_BYTES } from './bytes/index.ts'
import { Nodes } from './hashes/index.ts'
import { type TrieRoot, type Ask, type PageStore, Rows } from './store/index.ts'

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

/** From here items are many: what is read for them fills the nearer caches. */
const MANY = 128

/** Where cells that are to be read lie together: no more than there are items, or ends of one branch. */
const cells = new Int32Array(MANY)

/** The items of one end of a branch. */
interface Group {
  readonly node: number
  readonly from: number
  readonly to: number
  /** Where the end is a bucket, and which of its leaves the first item can be. */
  bucket: Bucket | undefined
  leaf: number
  /** Where the end is a branch. */
  below: Visit | undefined
}

/** A branch that items pass. */
interface Visit {
  readonly branch: Branch
  readonly page: number
  readonly groups: readonly Group[]
  readonly many: boolean
  /** True where what is below it is not read yet. */
  readonly due: boolean
}

/** What came of a page: itself, a new one, or so few leaves that they go into a bucket. */
type Outcome = 'same' | BranchDraft | readonly Leaf[]

class Update {
  readonly rows: Rows
  readonly room: Room
  readonly #store: PageStore
  readonly #trie: number
  readonly #items: Items
  readonly nodes = new Nodes()
  /** A sum of what was read ahead, which nobody asks for: a compiler may leave out reads of which nothing comes. */
  ahead = 0

  constructor(store: PageStore, trie: number, version: number, items: Items) {
    this.#store = store
    this.#trie = trie
    this.#items = items
    this.room = new Room(store.pieces)
    this.rows = new Rows(trie, version)
  }

  #visit(branch: Branch, page: number, from: number, to: number, due: boolean): Visit {
    const { positions } = this.#items
    const groups: Group[] = []
    for (let start = from; start < to;) {
      const node = branch.endOf(positions, start * POSITION_BYTES, page)
      let end = start + 1
      while (end < to && branch.endOf(positions, end * POSITION_BYTES, page) === node) end++
      this.ahead += branch.touch(node)
      groups.push({ node, from: start, to: end, bucket: undefined, leaf: 0, below: undefined })
      start = end
    }
    return { branch, page, groups, many: to - from > MANY, due }
  }

  /**
   * Reads the pages below a branch on the way, a level at a time, in loops that do little else: what lies in far memory comes for many pages at once then, and not for each
   * when it is its turn. Of many items only the next level: the rest would be far again when it is its turn.
   */
  #descend(first: Visit): void {
    for (let level = [first]; level.length > 0;) {
      this.#load(level)
      const next: Visit[] = []
      for (const { branch, page, groups } of level) {
        for (const group of groups) {
          const kind = branch.kind(group.node)
          if (kind === BRANCH) {
            group.below = this.#visit(this.#store.branch(branch.cell(group.node)), page + 1, group.from, group.to, first.many)
            if (!first.many) next.push(group.below)
          } else if (kind !== EMPTY) this.#look(branch, group)
        }
      }
      level = next
    }
  }

  /** Finds the leaf of a bucket that the first item can be. */
  #look(branch: Branch, group: Group): void {
    group.bucket = this.#store.bucket(branch.cell(group.node))
    group.leaf = group.bucket.candidate(this.#items.positions, group.from * POSITION_BYTES)
    this.ahead += group.bucket.touch(group.leaf)
  }

  #load(level: readonly Visit[]): void {
    const { positions } = this.#items
    const missing: Ask[] = []
    let known = 0
    for (const { branch, page, groups } of level) {
      for (const { node, from } of groups) {
        if (branch.kind(node) === EMPTY) continue
        const cell = branch.cell(node)
        if (cell === 0) missing.push({ branch, page, node, positions, positionAt: from * POSITION_BYTES })
        else cells[known++] = cell
      }
    }
    this.ahead += this.#store.glance(cells, known)
    if (missing.length > 0) this.#store.load(this.#trie, missing)
  }

  /** Leaves at a node of a branch in the making. */
  #plant(draft: BranchDraft, node: number, leaves: readonly Leaf[]): void {
    const [first] = leaves
    if (first === undefined) return draft.clear(node)
    const depth = draft.page * 4 + levelOf(node)
    if (leaves.length <= BUCKET_LEAVES) return draft.setPage(node, bucketOf(leaves, this.room, this.nodes, depth))
    if (node >= LAST) return draft.setPage(node, this.#grow(leaves, draft.page + 1))
    draft.setInner(node)
    let right = leaves.findIndex((leaf) => bitIn(leaf.bytes, leaf.positionAt, depth) === 1)
    if (right < 0) right = leaves.length
    this.#plant(draft, node * 2, leaves.slice(0, right))
    this.#plant(draft, node * 2 + 1, leaves.slice(right))
  }

  /** A branch of leaves that no bucket takes. */
  #grow(leaves: readonly Leaf[], page: number): BranchDraft {
    const draft = new BranchDraft(this.room, this.nodes, page, (leaves[0] as Leaf).position, 0)
    this.#plant(draft, 1, leaves)
    draft.ask()
    return draft
  }

  #merge(bucket: Bucket | undefined, from: number, to: number): Merge {
    const merge = new Merge(bucket, this.#items, from, to)
    for (const leaf of merge.gone) this.rows.valueGone(leaf)
    for (const i of merge.large) this.rows.value(this.#items.positions, i * POSITION_BYTES, this.#items.values[i] as Uint8Array)
    return merge
  }

  #stale({ branch, page }: Visit, node: number, from: number): void {
    this.rows.staled(branch.version(node), page * 4 + levelOf(node), this.#items.positions, from * POSITION_BYTES)
  }

  /** The branch of a visit in its new form, those below it having theirs. */
  #change(visit: Visit): Outcome {
    const { branch, page, groups } = visit
    if (visit.due) this.#descend(visit)
    const { positions } = this.#items
    let draft: BranchDraft | undefined
    let fewer = false
    const drafted = (from: number): BranchDraft =>
      (draft ??= new BranchDraft(this.room, this.nodes, page, positions, from * POSITION_BYTES, branch))
    for (const { node, from, to, bucket, leaf, below } of groups) {
      if (below !== undefined) {
        const outcome = this.#change(below)
        if (outcome === 'same') continue
        this.#stale(visit, node, from)
        if (outcome instanceof BranchDraft) drafted(from).setPage(node, outcome)
        else {
          fewer = true
          this.#plant(drafted(from), node, outcome)
        }
        continue
      }
      const fresh = bucket === undefined ? undefined : replacedBy(bucket, this.#items, from, to, leaf)
      if (fresh !== undefined) {
        if (fresh.leaves.length === 0) continue
        this.#stale(visit, node, from)
        drafted(from).setPage(node, new BucketDraft(bucket as Bucket, this.nodes, fresh.mask, fresh))
        continue
      }
      const merge = this.#merge(bucket, from, to)
      if (!merge.changed) continue
      if (bucket !== undefined) this.#stale(visit, node, from)
      fewer ||= merge.removed
      if (merge.count > 0 && merge.count <= BUCKET_LEAVES)
        drafted(from).setPage(node, merge.bucket(this.room, this.nodes, page * 4 + levelOf(node)))
      else this.#plant(drafted(from), node, merge.leaves())
    }
    if (draft === undefined) return 'same'
    const outcome = fewer ? this.#shrink(draft, 1, branch) : draft
    if (outcome === draft) draft.ask()
    return outcome
  }

  /** Puts what has become few below a node into one bucket. Gives the leaves when that is all of the branch. */
  #shrink(draft: BranchDraft, node: number, from: Branch): Outcome {
    if (!draft.shape.isInner(node)) return draft
    if (draft.shape.leavesBelow(node) <= BUCKET_LEAVES) {
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
    const { shape, page, positions, positionAt } = draft
    if (shape.isInner(node)) {
      this.#gather(draft, node * 2, from, leaves)
      this.#gather(draft, node * 2 + 1, from, leaves)
    } else if (isBucket(shape.kind(node))) {
      const made = draft.kid(node)
      const bucket = made instanceof BucketDraft ? made : this.#old(from, page, node, positions, positionAt)
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
    if (kind === BRANCH) outcome = this.#change(this.#visit(this.#store.branch(cell), 0, 0, count, true))
    else {
      const merge = this.#merge(kind === EMPTY ? undefined : this.#store.bucket(cell), 0, count)
      if (!merge.changed) return 'same'
      if (merge.count > 0 && merge.count <= BUCKET_LEAVES) return merge.bucket(this.room, this.nodes, 0)
      outcome = merge.count === 0 ? [] : this.#grow(merge.leaves(), 0)
    }
    if (outcome === 'same' || outcome instanceof BranchDraft) return outcome
    return outcome.length === 0 ? 'empty' : bucketOf(outcome, this.room, this.nodes, 0)
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
  const memory = new Memory(32)
  top.putTop(memory, 0)
  return memory.bytes
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
  update.nodes.run()
  const top = made === 'empty' ? undefined : made
  const next: TrieRoot = { version, hash: top === undefined ? EMPTY_TRIE : topHash(top) }
  const open = top === undefined ? undefined : store.opened(trie, root, next, top)
  let written: TrieUpdate['rows'] | undefined
  const write = (): TrieUpdate['rows'] => (written ??= rows.made(store, open))
  let remembered = false
  return {
    root: next,
    get rows() {
      return write()
    },
    get stale() {
      return rows.stale()
    },
    remember: () => {
      if (remembered) return
      store.committing(version, rows.values)
      remembered = true
      if (open === undefined) return
      write()
      store.keep(open)
      // its memory is given to others
      room.end()
    },
  }
}
