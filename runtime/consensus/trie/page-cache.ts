/** The pages that lie in memory: those of the last roots as far as they were read or made, each reached from the one above it. */
import { equalBytes } from '../../core/index.ts'
import { Arena, CHUNK_BYTES } from './arena.ts'
import { Branch, BRANCH, BRANCH_BYTES, BRANCH_CELL_BYTES, EMPTY } from './branch.ts'
import { Bucket } from './bucket.ts'
import { BranchDraft, type PageDraft } from './draft.ts'
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

/** The share of the limit that may be taken when the rest is to be free for what comes. */
const MOSTLY = 0.875

/** What is no longer in use may take so much more before it is looked for: memory that was just used is quicker than new. */
const GROWTH = 1.125

/** What one read may add before there is tidying again. */
const READ_BYTES = 4 * CHUNK_BYTES

type Rule = 'all' | 'used' | 'in flight'

export class PageCache {
  #arena = new Arena()
  readonly #maxBytes: number
  /** The one read last is first. */
  #tops: Top[] = []
  /** The height that may not be durable yet: its pages may be nowhere but here. One is committed at a time, so that all before it lie on the disk. */
  #inFlight = Number.POSITIVE_INFINITY
  /** Bytes from which on the next tidying is due. */
  #due: number

  constructor(maxBytes: number) {
    this.#maxBytes = Math.max(0, maxBytes - READ_BYTES)
    this.#due = Math.min(this.#maxBytes, LITTLE)
  }

  get arena(): Arena {
    return this.#arena
  }

  get size(): number {
    return this.#arena.size
  }

  branch(cell: number): Branch {
    return new Branch(this.#arena.bytes(cell), this.#arena.at(cell))
  }

  bucket(cell: number): Bucket {
    return new Bucket(this.#arena.bytes(cell), this.#arena.at(cell))
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

  /** Keeps the pages of a batch that is being committed. */
  keep(trie: number, before: TrieRoot, root: TrieRoot, draft: PageDraft | undefined): void {
    this.#inFlight = root.version
    if (draft === undefined) return
    const base = this.top(trie, before)
    const cell = this.#place(draft, base?.kind === BRANCH ? base.cell : 0)
    this.addTop({ trie, root, kind: draft instanceof BranchDraft ? BRANCH : draft.count, cell })
  }

  /** Copies a draft into cells. What it left as it was lies where the branch that it replaces has it. */
  #place(draft: PageDraft, replaced: number): number {
    if (!(draft instanceof BranchDraft)) return this.#copy(draft.bytes, draft.at, draft.size, draft.size)
    const cell = this.#copy(draft.branch.bytes, draft.branch.at, BRANCH_BYTES, BRANCH_CELL_BYTES)
    const branch = this.branch(cell)
    const before = replaced === 0 ? undefined : this.branch(replaced)
    for (let node = 2; node < 32; node++) {
      if (((draft.renewed >> node) & 1) === 1)
        branch.setCell(node, this.#place(draft.kid(node), before?.kind(node) === BRANCH ? before.cell(node) : 0))
      else branch.setCell(node, branch.isPage(node) ? (before?.cell(node) ?? 0) : 0)
    }
    return cell
  }

  #copy(bytes: Uint8Array, at: number, size: number, room: number): number {
    const cell = this.#arena.take(room)
    this.#arena.bytes(cell).set(bytes.subarray(at, at + size), this.#arena.at(cell))
    return cell
  }

  /** Keeps within the limit: to be called before cells are looked up, not between, since none that was looked up is good behind it. */
  tidy(): void {
    if (this.#arena.size <= this.#due) return
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
    for (let node = 2; node < 32; node++) {
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
      const size = kind === BRANCH ? BRANCH_CELL_BYTES : new Bucket(old.bytes(cell), old.at(cell)).size
      const to = this.#copy(old.bytes(cell), old.at(cell), size, size)
      moved.set(cell, to)
      if (kind !== BRANCH) return to
      const branch = this.branch(to)
      for (let node = 2; node < 32; node++) {
        const below = branch.cell(node)
        if (below !== 0) branch.setCell(node, move(branch.kind(node), below))
      }
      return to
    }
    this.#tops = this.#tops.map((top) => (top.kind === EMPTY ? top : { ...top, cell: move(top.kind, top.cell) }))
  }
}
