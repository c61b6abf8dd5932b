/** Where the pages and large values of the tries lie in the key-value store, with a bounded cache of pages. */
import { EMPTY_TRIE, equalBytes, LIMITS, sha256, toHex, UtnetError, type Kv } from '../../../core/index.ts'
import { type PageDraft, Pieces } from '../drafts/index.ts'
import { EMPTY, levelOf, type Branch, type Bucket, type Leaf } from '../pages/index.ts'
import { damaged } from './damaged.ts'
import { PageCache, type Open, type Top, type TrieRoot } from './page-cache.ts'
import { pageKey, valueKey, type Row } from './page-key.ts'
import { readPages, type Held, type Wanted } from './page-read.ts'

/** The position of everything that begins at the root. */
const START: Uint8Array = new Uint8Array(32)

/** Bytes that are set aside for batches at most. */
const MAX_PIECES = 8 * 1024 * 1024

/** An end of a branch in the cache whose page is asked for, and any position in it. */
export interface Ask {
  readonly branch: Branch
  /** Branches between it and the root. */
  readonly page: number
  readonly node: number
  readonly positions: Uint8Array
  readonly positionAt: number
}

/**
 * Pages of tries. Cells are good until the next `top` or `keep`.
 * Whatever reads throws `data_corrupt` when a page or value is missing or damaged.
 */
export class PageStore {
  readonly #kv: Pick<Kv, 'get'>
  readonly #cache: PageCache
  /** The height that was committed last, and its values in rows of their own, by the keys of these: they may not be durable yet. */
  #committed = -1
  readonly #values = new Map<string, Uint8Array>()
  /** A row of the height that was kept last: it is on the disk before another height comes. */
  #witness: { readonly height: number; readonly key: Uint8Array } | undefined
  /** Memory for batches. */
  readonly pieces: Pieces

  constructor(kv: Pick<Kv, 'get'>, maxBytes: number) {
    this.#kv = kv
    const pieces = Math.min(MAX_PIECES, Math.floor(maxBytes / 8))
    this.pieces = new Pieces(pieces)
    this.#cache = new PageCache(maxBytes - pieces)
  }

  /** The page of a root, in the cache. */
  top(trie: number, root: TrieRoot): Held {
    this.#cache.tidy()
    if (equalBytes(root.hash, EMPTY_TRIE)) return { kind: EMPTY, cell: 0 }
    const known = this.#cache.top(trie, root)
    if (known !== undefined) return known
    const wanted: Wanted = {
      row: this.#row(trie, root.version, 0, START, 0),
      kind: undefined,
      depth: 0,
      positions: START,
      positionAt: 0,
      hashes: root.hash,
      hashAt: 0,
    }
    const top: Top = { trie, root, ...(readPages(this.#cache.arena, [wanted])[0] as Held) }
    this.#cache.addTop(top)
    return top
  }

  branch(cell: number): Branch {
    return this.#cache.branch(cell)
  }

  bucket(cell: number): Bucket {
    return this.#cache.bucket(cell)
  }

  /** Says that pages are read, and reads where each begins; gives something of it. */
  glance(cells: Int32Array, count: number): number {
    return this.#cache.arena.glance(cells, count)
  }

  /** Puts pages of ends into the cache that are not there yet. */
  load(trie: number, asks: readonly Ask[]): void {
    const wanted = asks.map(({ branch, page, node, positions, positionAt }) => {
      const depth = page * 4 + levelOf(node)
      return {
        row: this.#row(trie, branch.version(node), depth, positions, positionAt),
        kind: branch.kind(node),
        depth,
        positions,
        positionAt,
        hashes: branch.bytes,
        hashAt: branch.hashAt(node),
      }
    })
    for (const [i, { cell }] of readPages(this.#cache.arena, wanted).entries()) {
      const { branch, node } = asks[i] as Ask
      branch.setCell(node, cell)
      this.#cache.arena.use(cell)
    }
  }

  /** The cell of one end. */
  cell(trie: number, branch: Branch, page: number, node: number, positions: Uint8Array, positionAt: number): number {
    const cell = branch.cell(node)
    if (cell === 0) this.load(trie, [{ branch, page, node, positions, positionAt }])
    else this.#cache.arena.use(cell)
    return branch.cell(node)
  }

  #row(trie: number, version: number, depth: number, positions: Uint8Array, positionAt: number): Uint8Array {
    const row = this.#kv.get(pageKey(trie, version, depth, positions, positionAt))
    if (row === undefined) throw damaged(`a page of the state trie of height ${version} is missing`)
    return row
  }

  /** The value of a leaf. */
  value(trie: number, leaf: Leaf): Uint8Array {
    if (!leaf.ownRow) return leaf.held
    const key = valueKey(trie, leaf.version, leaf.bytes, leaf.positionAt)
    const bytes = this.#values.get(toHex(key)) ?? this.#kv.get(key)
    if (bytes === undefined) throw damaged(`a value of the state of height ${leaf.version} is missing`)
    if (!equalBytes(sha256(bytes), leaf.held)) throw damaged(`a value of the state of height ${leaf.version} is damaged`)
    return bytes
  }

  /** Says that a batch over pages of the cache is made. */
  opened(trie: number, before: TrieRoot, root: TrieRoot, draft: PageDraft): Open {
    return this.#cache.opened(trie, before, root, draft)
  }

  /** Puts the pages of a batch into the cache, where they are not yet; gives the cell of the topmost. */
  place(open: Open): number {
    return this.#cache.place(open)
  }

  /** Keeps the pages of a batch that is being committed. */
  keep(open: Open): void {
    this.#witness = { height: open.root.version, key: pageKey(open.trie, open.root.version, 0, START, 0) }
    this.#cache.keep(open)
    this.#cache.tidy()
  }

  /**
   * Says that what belongs to a height, with these rows of values, is being committed, and may not be durable until the next is. Throws `node_internal` where the
   * height before is not: its pages would be looked for on the disk.
   */
  committing(height: number, values: readonly Row[]): void {
    if (this.#witness !== undefined && this.#witness.height < height && this.#kv.get(this.#witness.key) === undefined)
      throw new UtnetError('node_internal', `height ${height} is being committed before ${this.#witness.height} is durable`)
    if (height !== this.#committed) this.#values.clear()
    this.#committed = height
    for (const [key, value] of values) this.#values.set(toHex(key), value)
    this.#cache.committing(height)
  }

  /** Bytes of the memory in which pages are kept. */
  cached(): number {
    return this.#cache.size
  }
}

/** Reads pages through a cache of at most `maxBytes`, but for what one batch needs at once. */
export function createPageStore(kv: Pick<Kv, 'get'>, maxBytes: number = LIMITS.pageCacheBytes): PageStore {
  return new PageStore(kv, maxBytes)
}
