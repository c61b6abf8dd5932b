/** Compact sparse Merkle tries with readable history. */
export { createPageStore, type PageStore } from './page-store.ts'
export { damaged } from './page.ts'
export { trieGet, trieProve, trieWalk } from './trie.ts'
export { EMPTY_ROOT, trieUpdate, type TrieChange, type TrieRoot } from './update.ts'
export { bytesHeight, heightBytes } from './version.ts'
