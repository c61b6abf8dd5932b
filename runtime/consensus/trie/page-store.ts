/** Where the pages and large values of the tries lie in the key-value store, with a bounded cache of decoded pages. */
import { byteString, concatBytes, UtnetError, type Kv } from '../../core/index.ts'
import { decodePage, heightBytes, type Child, type Leaf, type Page } from './page.ts'

const PAGE = 0x6e // n
const VALUE = 0x76 // v
const CACHED_PAGES = 1 << 15

/** Key of a page: written once at its height and never changed, so that the tries of older heights stay whole. */
export function pageKey(trie: number, version: number, position: Uint8Array, depth: number): Uint8Array {
  const path = position.slice(0, (depth + 1) >> 1)
  if ((depth & 1) === 1) path[path.length - 1] = (path[path.length - 1] as number) & 0xf0
  return concatBytes(Uint8Array.of(PAGE, trie), heightBytes(version), Uint8Array.of(depth), path)
}

/** Key of a value too large for its page. */
export function valueKey(trie: number, version: number, position: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(VALUE, trie), heightBytes(version), position)
}

export interface PageStore {
  /** The page that a slot names. Throws `data_corrupt` when it is missing or damaged. */
  load(trie: number, child: Child, position: Uint8Array, depth: number): Page
  /** The value of a leaf. */
  value(trie: number, leaf: Leaf): Uint8Array
  /** Keeps a page that is being committed. */
  remember(key: Uint8Array, page: Page): void
}

/** Reads pages through a cache. */
export function createPageStore(kv: Pick<Kv, 'get'>): PageStore {
  const cache = new Map<string, Page>()
  const keep = (text: string, page: Page): void => {
    cache.set(text, page)
    if (cache.size > CACHED_PAGES) {
      for (const oldest of cache.keys()) {
        cache.delete(oldest)
        if (cache.size <= CACHED_PAGES - (CACHED_PAGES >> 4)) break
      }
    }
  }
  return {
    load(trie, child, position, depth) {
      const key = pageKey(trie, child.version, position, depth)
      const text = byteString(key)
      const known = cache.get(text)
      if (known !== undefined) {
        // the first pages are read by every path: being read again makes a page young
        if (depth > 1) return known
        cache.delete(text)
        cache.set(text, known)
        return known
      }
      const bytes = kv.get(key)
      if (bytes === undefined) throw new UtnetError('data_corrupt', `a page of the state trie of height ${child.version} is missing`)
      const page = decodePage(bytes, child.hash)
      keep(text, page)
      return page
    },
    value(trie, leaf) {
      if (leaf.value !== null) return leaf.value
      const bytes = kv.get(valueKey(trie, leaf.version, leaf.position))
      if (bytes === undefined) throw new UtnetError('data_corrupt', `a value of the state of height ${leaf.version} is missing`)
      return bytes
    },
    remember(key, page) {
      keep(byteString(key), page)
    },
  }
}
