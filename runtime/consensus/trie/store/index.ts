/** Pages in the key-value store, and the bounded cache of those in memory. */
export { damaged } from './damaged.ts'
export type { TrieRoot } from './page-cache.ts'
export { type Ask, createPageStore, PageStore } from './page-store.ts'
export { Rows } from './rows.ts'
