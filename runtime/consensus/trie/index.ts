/** Compact sparse Merkle tries with readable history. */
export { damaged } from './damaged.ts'
export type { TrieChange } from './items.ts'
export type { TrieRoot } from './page-cache.ts'
export { createPageStore, type PageStore } from './page-store.ts'
export { trieGet, trieProve, trieWalk } from './trie.ts'
export { EMPTY_ROOT, trieUpdate } from './update.ts'
export { bytesHeight, heightBytes, VERSION_BYTES, writeVersion } from './version.ts'
