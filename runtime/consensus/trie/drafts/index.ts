/** Pages that a batch changes: only what is new of them, until they are kept. */
export { BranchDraft, type PageDraft } from './branch-draft.ts'
export { BucketDraft } from './bucket-draft.ts'
export { type Items, itemsOf, type TrieChange } from './items.ts'
export { bucketOf, Merge } from './merge.ts'
export { replacedBy } from './replace.ts'
export { Pieces, Room } from './room.ts'
