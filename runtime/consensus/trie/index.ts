/** Compact sparse Merkle tries with readable history. */
export { damaged, type TrieRoot, createPageStore, type PageStore } from './store/index.ts'
export type { TrieChange } from './drafts/index.ts'
export { trieGet, trieProve, trieWalk } from './trie.ts'
export { EMPTY_ROOT, trieUpdate } from './update.ts'
export { bytesHeight, heightBytes, VERSION_BYTES, writeVersion } from './bytes/index.ts'
