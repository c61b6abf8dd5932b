/** The rows that a batch writes, and those that it makes stale. They are made when they are asked for: until then it is only said which they are. */
import { type PageDraft, BucketDraft } from '../drafts/index.ts'
import { BRANCH_ROW_BYTES, type Leaf } from '../pages/index.ts'
import type { Open } from './page-cache.ts'
import { copyStretch } from '../bytes/index.ts'
import { pageKey, valueKey, type Row } from './page-key.ts'
import type { PageStore } from './page-store.ts'

/** Bytes of the rows of a page and of all new ones below it, at most. */
function roomFor(page: PageDraft): number {
  if (page instanceof BucketDraft) return page.rowBytes
  let sum = BRANCH_ROW_BYTES
  page.eachKid((kid) => (sum += roomFor(kid)))
  return sum
}

export class Rows {
  readonly #trie: number
  readonly #version: number
  readonly #values: Row[] = []
  readonly #gone: Uint8Array[] = []
  /** Of each stale page: height and depth, where a position in it lies, and in what. */
  readonly #stalePlaces: number[] = []
  readonly #stalePositions: Uint8Array[] = []
  #stale: readonly Uint8Array[] | undefined

  constructor(trie: number, version: number) {
    this.#trie = trie
    this.#version = version
  }

  /** Says that a value gets a row. */
  value(positions: Uint8Array, at: number, value: Uint8Array): void {
    this.#values.push([valueKey(this.#trie, this.#version, positions, at), value])
  }

  /** The rows of values. */
  get values(): readonly Row[] {
    return this.#values
  }

  /** Says that the row of a leaf's value is stale. */
  valueGone(leaf: Leaf): void {
    this.#gone.push(valueKey(this.#trie, leaf.version, leaf.bytes, leaf.positionAt))
  }

  /** Says that the page of a height is stale whose top stands at a depth, above a position that stays where it is. */
  staled(version: number, depth: number, positions: Uint8Array, at: number): void {
    this.#stalePlaces.push(version, depth, at)
    this.#stalePositions.push(positions)
  }

  /** The rows of the pages of a batch, in memory of their own, and those of values. */
  made(store: PageStore, open: Open | undefined): readonly Row[] {
    return open === undefined ? this.#values : [...this.#values, ...this.#pages(store, open.draft, store.place(open))]
  }

  #pages(store: PageStore, top: PageDraft, topCell: number): Row[] {
    const rows: Row[] = []
    const out = new Uint8Array(roomFor(top))
    let at = 0
    const put = (page: PageDraft, cell: number): void => {
      const from = at
      if (page instanceof BucketDraft) {
        const bucket = store.bucket(cell)
        copyStretch(out, at, bucket.bytes, bucket.rowAt, bucket.rowAt + page.rowBytes)
        at += page.rowBytes
        rows.push([pageKey(this.#trie, this.#version, bucket.depth, bucket.bytes, bucket.positionAt(0)), out.subarray(from, at)])
        return
      }
      const branch = store.branch(cell)
      at = branch.putRow(out, at)
      rows.push([pageKey(this.#trie, this.#version, page.page * 4, page.positions, page.positionAt), out.subarray(from, at)])
      page.eachKid((kid, node) => put(kid, branch.cell(node)))
    }
    put(top, topCell)
    return rows
  }

  /** Keys of the stale rows. */
  stale(): readonly Uint8Array[] {
    if (this.#stale !== undefined) return this.#stale
    const places = this.#stalePlaces
    const pages = this.#stalePositions.map((positions, i) =>
      pageKey(this.#trie, places[i * 3] as number, places[i * 3 + 1] as number, positions, places[i * 3 + 2] as number),
    )
    this.#stale = [...this.#gone, ...pages]
    return this.#stale
  }
}
