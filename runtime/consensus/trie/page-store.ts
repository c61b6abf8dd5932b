/** Where the pages and large values of the tries lie in the key-value store, with a bounded cache of pages. */
import { byteString, concatBytes, equalBytes, LIMITS, sha256, type Kv } from '../../core/index.ts'
import type { Leaf } from './leaf.ts'
import { damaged, Page, type Child } from './page.ts'
import { heightBytes, VERSION_BYTES, writeVersion } from './version.ts'

const PAGE = 0x6e // n
const VALUE = 0x76 // v
/** What a cached page takes beside its row, about. */
const PAGE_COST = 400

/** The position of everything that begins at the root. */
export const TOP: Uint8Array = new Uint8Array(32)

/** Key of a page: written once at its height and never changed, so that the tries of older heights stay whole. */
export function pageKey(trie: number, version: number, position: Uint8Array, depth: number): Uint8Array {
  const at = 2 + VERSION_BYTES
  const bytes = (depth + 1) >> 1
  const key = new Uint8Array(at + 1 + bytes)
  key[0] = PAGE
  key[1] = trie
  writeVersion(key, 2, version)
  key[at] = depth
  for (let i = 0; i < bytes; i++) key[at + 1 + i] = position[i] as number
  if ((depth & 1) === 1) key[at + bytes] = (key[at + bytes] as number) & 0xf0
  return key
}

/** Key of a value too large for its page. */
export function valueKey(trie: number, version: number, position: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(VALUE, trie), heightBytes(version), position)
}

/** A page that is asked for: what names it, and any position in it. */
export interface Ask {
  readonly child: Child
  readonly position: Uint8Array
}

export interface PageStore {
  /** The pages that slots name, all `depth` pages below the root. Throws `data_corrupt` when one is missing or damaged. */
  load(trie: number, depth: number, asks: readonly Ask[]): Page[]
  /** The value of a leaf. Throws `data_corrupt` when it is missing or not the leaf's. */
  value(trie: number, leaf: Leaf): Uint8Array
  /** Keeps pages that are being committed, and lets go of those that they replace. */
  committed(pages: readonly (readonly [key: Uint8Array, page: Page])[], stale: readonly Uint8Array[]): void
  /** Bytes of the pages that are kept, about. */
  cached(): number
}

/** One page. */
export function loadPage(store: PageStore, trie: number, child: Child, position: Uint8Array, depth: number): Page {
  return store.load(trie, depth, [{ child, position }])[0] as Page
}

/** Reads pages through a cache of at most `maxBytes`. */
export function createPageStore(kv: Pick<Kv, 'get'>, maxBytes: number = LIMITS.pageCacheBytes): PageStore {
  // two ages: when both together are too much, the old ones go and the young ones are the old; of these, what is read again is young again
  let young = new Map<string, Page>()
  let old = new Map<string, Page>()
  let size = 0
  let oldSize = 0
  const costOf = (text: string, page: Page): number => page.bytes.length + text.length + PAGE_COST
  const drop = (text: string): void => {
    const page = young.get(text)
    if (page !== undefined) {
      size -= costOf(text, page)
      young.delete(text)
      return
    }
    const before = old.get(text)
    if (before === undefined) return
    oldSize -= costOf(text, before)
    old.delete(text)
  }
  /** Keeps a page that is in neither. */
  const keep = (text: string, page: Page): void => {
    young.set(text, page)
    size += costOf(text, page)
    if (size + oldSize <= maxBytes) return
    old = size <= maxBytes ? young : new Map()
    oldSize = old === young ? size : 0
    young = new Map()
    size = 0
  }
  const find = (text: string): Page | undefined => {
    const page = young.get(text)
    if (page !== undefined) return page
    const before = old.get(text)
    if (before === undefined) return undefined
    drop(text)
    keep(text, before)
    return before
  }
  return {
    load(trie, depth, asks) {
      const pages: Page[] = []
      const missing: { readonly at: number; readonly text: string; readonly row: Uint8Array; readonly top: Uint8Array }[] = []
      for (const [at, { child, position }] of asks.entries()) {
        const key = pageKey(trie, child.version, position, depth)
        const text = byteString(key)
        const known = find(text)
        if (known !== undefined && equalBytes(known.top, child.hash)) {
          pages[at] = known
          continue
        }
        drop(text)
        const row = kv.get(key)
        if (row === undefined) throw damaged(`a page of the state trie of height ${child.version} is missing`)
        missing.push({ at, text, row, top: child.hash })
      }
      if (missing.length === 0) return pages
      for (const [i, page] of Page.readAll(missing).entries()) {
        const { at, text } = missing[i] as (typeof missing)[0]
        keep(text, page)
        pages[at] = page
      }
      return pages
    },
    value(trie, leaf) {
      if (!leaf.ownRow) return leaf.held
      const bytes = kv.get(valueKey(trie, leaf.version, leaf.position))
      if (bytes === undefined) throw damaged(`a value of the state of height ${leaf.version} is missing`)
      if (!equalBytes(sha256(bytes), leaf.valueHash)) throw damaged(`a value of the state of height ${leaf.version} is damaged`)
      return bytes
    },
    committed(pages, stale) {
      for (const key of stale) drop(byteString(key))
      for (const [key, page] of pages) keep(byteString(key), page)
    },
    cached: () => size + oldSize,
  }
}
