/** The pages that lie in memory: those of the last roots as far as they were read or made, each reached from the one above it. */
import { equalBytes } from '../../../core/index.ts'
import { Arena, chunkBytes } from './arena.ts'
import { BranchDraft, type PageDraft } from '../drafts/index.ts'
import { type Branch, BRANCH, BRANCH_BYTES, EMPTY, NODES, type Bucket } from '../pages/index.ts'
import { copyStretch, type Memory } from '../bytes/index.ts'
import type { Held } from './page-read.ts'

/** A root: the height at which its page was written, and its hash. */
export interface TrieRoot {
  readonly version: number
  readonly hash: Uint8Array
}

/** A root whose page lies in the cache. */
export interface Top extends Held {
  readonly trie: number
  readonly root: TrieRoot
}

/** Roots of a trie that are kept. */
const TOPS = 4
/** And at least so many bytes. */
const LITTLE = 4 * 1024 * 1024

/** Drafts that may lie over the pages here: those of two heights. One that comes to nothing is forgotten when others came. */
const OPEN = 6

/** The share of the limit that may be taken when the rest is to be free for what comes. */
const MOSTLY = 0.875

/** What is no longer in use may take so much more before it is looked for: memory that was just used is quicker than new. */
const GROWTH = 1.125

/** Chunks that one read may add before there is tidying again. */
const READ_CHUNKS = 4

/** A batch that is not kept yet. */
export interface Open {
  readonly trie: number
  readonly before: TrieRoot
  readonly root: TrieRoot
  readonly draft: PageDraft
  /** Where it lies in the cache; 0 where it does not. */
  cell: number
}

/** Makes a batch one that needs nothing of the cache. */
function settle(open: Open): void {
  open.draft.settle()
  open.cell = 0
}

type Rule = 'all' | 'used' | 'in flight'

export class PageCache {
  #arena = new Arena()
  readonly #maxBytes: number
  /** The one read last is first. */
  #tops: Top[] = []
  #open: Open[] = []
  /** The height that may not be durable yet: its pages may be nowhere but here. One is committed at a time, so that all before it lie on the disk. */
  #inFlight = Number.POSITIVE_INFINITY
  /** Bytes from which on the next tidying is due. */
  #due: number

  constructor(maxBytes: number) {
    this.#maxBytes = Math.max(0, maxBytes - READ_CHUNKS * chunkBytes(maxBytes))
    this.#due = Math.min(this.#maxBytes, LITTLE)
  }

  get arena(): Arena {
    return this.#arena
  }

  get size(): number {
    return this.#arena.size
  }

  branch(cell: number): Branch {
    return this.#arena.branch(cell)
  }

  bucket(cell: number): Bucket {
    return this.#arena.bucket(cell)
  }

  top(trie: number, root: TrieRoot): Top | undefined {
    const at = this.#tops.findIndex((top) => top.trie === trie && top.root.version === root.version && equalBytes(top.root.hash, root.hash))
    const top = this.#tops[at]
    if (at > 0) this.#tops = [top as Top, ...this.#tops.toSpliced(at, 1)]
    return top
  }

  /** Puts a root first; of too many of one trie the last goes, but not the newest. */
  addTop(top: Top): void {
    this.#tops = [top, ...this.#tops]
    const same = this.#tops.filter(({ trie }) => trie === top.trie)
    if (same.length <= TOPS) return
    const newest = Math.max(...same.map(({ root }) => root.version))
    const last = same.findLast(({ root }) => root.version !== newest)
    this.#tops = this.#tops.filter((one) => one !== last)
  }

  /** Says that a draft lies over pages of the cache: it is settled before these are moved, or others come in their place. */
  opened(trie: number, before: TrieRoot, root: TrieRoot, draft: PageDraft): Open {
    const open: Open = { trie, before, root, draft, cell: 0 }
    this.#hold(open)
    return open
  }

  #hold(open: Open): void {
    this.#open.push(open)
    if (this.#open.length > OPEN) settle(this.#open.shift() as Open)
  }

  /** Puts a draft into cells, where it is not yet, and gives the topmost. No root leads there. */
  place(open: Open): number {
    if (open.cell === 0) {
      const base = this.top(open.trie, open.before)
      open.cell = this.#place(open.draft, open.root.version, base?.kind === BRANCH ? base.cell : 0)
      // one that was settled lies in the cache again
      if (!this.#open.includes(open)) this.#hold(open)
    }
    return open.cell
  }

  /** Keeps the pages of a batch that is being committed. */
  keep(open: Open): void {
    const { trie, root, draft } = open
    const cell = this.place(open)
    // what was kept of this height before came to nothing; the newest must be the root whose pages may be nowhere but here
    this.#tops = this.#tops.filter((top) => top.trie !== trie || top.root.version < root.version)
    this.addTop({ trie, root, kind: draft instanceof BranchDraft ? BRANCH : draft.count, cell })
    this.#open = this.#open.filter((one) => one !== open)
  }

  /** Says that what belongs to a height may not be durable from now on. */
  committing(height: number): void {
    this.#inFlight = height
  }

  /** Puts a draft into cells. What it left as it was lies where the branch that it replaces has it. */
  #place(draft: PageDraft, version: number, replaced: number): number {
    const cell = this.#arena.take(draft instanceof BranchDraft ? BRANCH_BYTES : draft.size)
    const [memory, at] = [this.#arena.memory(cell), this.#arena.at(cell)]
    if (draft instanceof BranchDraft) this.#placeBelow(draft, draft.put(memory, at, version), version, replaced)
    else draft.put(memory, at)
    this.#arena.use(cell)
    return cell
  }

  #placeBelow(draft: BranchDraft, branch: Branch, version: number, replaced: number): void {
    const before = replaced === 0 ? undefined : this.branch(replaced)
    if (draft.strayed || before === undefined)
      for (let node = 2; node < NODES; node++) branch.setCell(node, branch.isPage(node) ? (before?.cell(node) ?? 0) : 0)
    draft.eachKid((kid, node) => {
      branch.setCell(node, this.#place(kid, version, before?.kind(node) === BRANCH ? before.cell(node) : 0))
    })
  }

  #copy(memory: Memory, at: number, size: number): number {
    const cell = this.#arena.take(size)
    copyStretch(this.#arena.memory(cell).bytes, this.#arena.at(cell), memory.bytes, at, at + size)
    return cell
  }

  /** Keeps within the limit: to be called before cells are looked up, not between, since none that was looked up is good behind it. */
  tidy(): void {
    if (this.#arena.size <= this.#due) return
    for (const open of this.#open) settle(open)
    this.#open = []
    const live = this.#mark()
    this.#arena.sweep()
    if (this.#arena.size > this.#maxBytes) this.#move()
    this.#due = Math.max(Math.min(this.#maxBytes, live * GROWTH + LITTLE), this.#arena.size)
  }

  /** Marks what stays, as much as is well within the limit, and forgets the rest; gives the bytes of what is marked. */
  #mark(): number {
    const most = this.#maxBytes * MOSTLY
    let live = this.#markAll('all')
    if (live <= most) return live
    const newest = new Map(this.#tops.toSorted((a, b) => a.root.version - b.root.version).map((top) => [top.trie, top]))
    this.#tops = [...newest.values()]
    for (const rule of ['all', 'used', 'in flight'] as const) {
      this.#arena.unmark()
      live = this.#markAll(rule)
      if (live <= most) break
    }
    return live
  }

  #markAll(rule: Rule): number {
    for (const { kind, cell } of this.#tops) this.#markBelow(kind, cell, rule)
    return this.#arena.marked()
  }

  #keeps(rule: Rule, cell: number, version: number): boolean {
    return rule === 'all' || version >= this.#inFlight || (rule === 'used' && this.#arena.wasUsed(cell))
  }

  #markBelow(kind: number, cell: number, rule: Rule): void {
    if (kind === EMPTY || !this.#arena.mark(cell) || kind !== BRANCH) return
    const branch = this.branch(cell)
    for (let node = 2; node < NODES; node++) {
      const below = branch.cell(node)
      if (below === 0) continue
      if (this.#keeps(rule, below, branch.version(node))) this.#markBelow(branch.kind(node), below, rule)
      else branch.setCell(node, 0)
    }
  }

  /** Moves all pages together: their chunks were too many. */
  #move(): void {
    const old = this.#arena
    this.#arena = new Arena()
    const moved = new Map<number, number>()
    const move = (kind: number, cell: number): number => {
      const known = moved.get(cell)
      if (known !== undefined) return known
      const size = kind === BRANCH ? BRANCH_BYTES : old.bucket(cell).size
      const to = this.#copy(old.memory(cell), old.at(cell), size)
      moved.set(cell, to)
      if (kind !== BRANCH) return to
      const branch = this.branch(to)
      for (let node = 2; node < NODES; node++) {
        const below = branch.cell(node)
        if (below !== 0) branch.setCell(node, move(branch.kind(node), below))
      }
      return to
    }
    this.#tops = this.#tops.map((top) => (top.kind === EMPTY ? top : { ...top, cell: move(top.kind, top.cell) }))
  }
}
