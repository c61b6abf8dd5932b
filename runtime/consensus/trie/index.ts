/** Compact sparse Merkle tries with readable history. */
export { bytesHeight, heightBytes } from './page.ts'
export { createPageStore, type PageStore } from './page-store.ts'
export { EMPTY_ROOT, trieGet, trieProve, trieUpdate, trieWalk, type TrieChange, type TrieRoot } from './trie.ts'
